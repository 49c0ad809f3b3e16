import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { fail } from '#contract/errors'
import { CopyProgress, copyStepBytes } from './copy-progress.ts'
import type { TaskChannel } from './file-task.ts'
import { cutSlabs, withKernel } from './slab-kernel.ts'

/** Chunks of a file in order. */
export interface Cuts {
  /** SHA-256 in hexadecimal digits, one after the other. */
  readonly chunks: string
  readonly sizes: Uint32Array<ArrayBuffer>
}

/** Cuts a copy while it is written, and tells the chunks; their bytes stay where they are. */
export function cutFile(
  {
    path,
    sizeBytes,
    progress,
  }: { readonly path: string; readonly sizeBytes: number; readonly progress: SharedArrayBuffer },
  channel: TaskChannel,
): Promise<void> {
  return withKernel(async (kernel) => {
    const shared = new CopyProgress(progress)
    await shared.written(1)
    const file = await open(path, 'r')
    try {
      const read = async (target: Uint8Array, position: number): Promise<void> => {
        await shared.written(Math.ceil((position + target.byteLength) / copyStepBytes))
        const { bytesRead } = await file.read(target, 0, target.byteLength, position)
        if (bytesRead !== target.byteLength) fail('internal', `${path} is shorter than what was copied.`)
      }
      for await (const cuts of cutSlabs(kernel, sizeBytes, read)) {
        channel.signal.throwIfAborted()
        const chunks: string[] = []
        for (let index = 1; index < cuts.length; index++)
          chunks.push(hash('sha256', kernel.bytes.subarray(cuts[index - 1], cuts[index]), 'hex'))
        const sizes = Uint32Array.from(
          chunks,
          (_, index) => (cuts[index + 1] as number) - (cuts[index] as number),
        )
        await channel.ask({ chunks: chunks.join(''), sizes } satisfies Cuts)
      }
    } finally {
      await file.close()
    }
  })
}
