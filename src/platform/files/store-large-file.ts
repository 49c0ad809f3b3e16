import { createHash, hash } from 'node:crypto'
import type { FileToStore } from './file-store.ts'
import type { TaskChannel } from './file-task.ts'
import { Slab } from './slab.ts'
import { cutSlabs, withKernel } from './slab-kernel.ts'
import { openSource } from './source-file.ts'

export interface LargeFileDigest {
  readonly sha256: string
  readonly sizeBytes: number
}

/** Reads, cuts and offers one file; what is hashed as a whole are the bytes that are offered. */
export function storeLargeFile(
  { file }: { readonly file: FileToStore },
  channel: TaskChannel,
): Promise<LargeFileDigest> {
  return withKernel(async (kernel) => {
    const source = openSource(file)
    try {
      const { sizeBytes } = source
      const whole = createHash('sha256')
      const slab = new Slab(kernel.bytes, channel)
      const read = (target: Uint8Array, position: number): void => {
        source.read(target, position)
        whole.update(target)
      }
      for await (const cuts of cutSlabs(kernel, sizeBytes, read)) {
        for (let index = 1; index < cuts.length; index++) {
          const [from, to] = [cuts[index - 1] as number, cuts[index] as number]
          slab.addChunk(hash('sha256', kernel.bytes.subarray(from, to), 'hex'), { from, to, file: source })
        }
        await slab.flush()
      }
      source.requireUnchanged()
      return { sha256: whole.digest('hex'), sizeBytes }
    } finally {
      source.close()
    }
  })
}
