import { createHash, hash } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { openAsideCopy } from './aside-copy.ts'
import { changedWhileRead } from './file-problems.ts'
import type { FileToStore } from './file-store.ts'
import type { TaskChannel } from './file-task.ts'
import { SharedSlabs } from './shared-slabs.ts'
import { cutSlabs, withKernel } from './slab-kernel.ts'
import { openSource } from './source-file.ts'

/** Chunks of a file in order. */
export interface Cuts {
  /** SHA-256 in hexadecimal digits, one after the other. */
  readonly chunks: string
  readonly sizes: Uint32Array<ArrayBuffer>
}

export interface FileToKeep {
  readonly file: FileToStore
  /** Where the copy is written. */
  readonly to: string
  /** What the file was when it was looked at. */
  readonly sizeBytes: number
  /** Where another thread digests the whole; undefined: it is digested here. */
  readonly beside: SharedArrayBuffer | undefined
}

/**
 * Copies a file to where nobody changes it, and tells the chunks of the copy, which is synced. What is hashed is the memory
 * that is written. Answers the SHA-256 of the whole, unless another thread finds it.
 */
export function keepFile(
  { file, to, sizeBytes, beside }: FileToKeep,
  channel: TaskChannel,
): Promise<string | undefined> {
  return withKernel(async (kernel) => {
    const { signal } = channel
    const shared = beside === undefined ? undefined : new SharedSlabs(beside)
    const whole = createHash('sha256')
    const source = openSource(file)
    try {
      if (source.sizeBytes !== sizeBytes) changedWhileRead(file.name)
      const copy = await openAsideCopy(source, { from: file.path, to })
      try {
        const read = async (target: Uint8Array, position: number): Promise<void> => {
          signal.throwIfAborted()
          await copy.read(target, position)
          copy.write(target, position)
          if (shared === undefined) whole.update(target)
          else await shared.fill(target, signal)
        }
        for await (const cuts of cutSlabs(kernel, sizeBytes, read)) {
          const chunks: string[] = []
          for (let index = 1; index < cuts.length; index++)
            chunks.push(hash('sha256', kernel.bytes.subarray(cuts[index - 1], cuts[index]), 'hex'))
          const sizes = Uint32Array.from(chunks, (_, at) => (cuts[at + 1] as number) - (cuts[at] as number))
          await channel.ask({ chunks: chunks.join(''), sizes } satisfies Cuts)
        }
        shared?.end()
        await copy.finish()
        source.requireUnchanged()
        if (statSync(to).size !== sizeBytes) changedWhileRead(file.name)
      } finally {
        await copy.close()
      }
      return shared === undefined ? whole.digest('hex') : undefined
    } catch (error) {
      shared?.fail()
      rmSync(to, { force: true })
      throw error
    } finally {
      source.close()
    }
  })
}
