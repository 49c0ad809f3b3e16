import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { fail } from '#contract/errors'
import { changedWhileRead, unreadableFile } from './file-problems.ts'
import type { FileToStore } from './file-store.ts'

/** An open file of the user. What is read is the file that was opened, also when another takes its name. */
export interface SourceFile {
  readonly sizeBytes: number
  /** Fills the target; @throws unreadable_data when the file is shorter than it was. */
  read(target: Uint8Array, position: number): void
  /** @throws unreadable_data when the file has changed since it was opened. */
  requireUnchanged(): void
  close(): void
}

/** Does not wait for the writer of a pipe: what is no regular file is refused. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

export function openSource({ path, name }: FileToStore): SourceFile {
  let descriptor: number
  let before: Stats
  try {
    descriptor = openSync(path, flags)
    before = fstatSync(descriptor)
  } catch (error) {
    return unreadableFile(name, error)
  }
  if (!before.isFile()) {
    closeSync(descriptor)
    fail('unreadable_data', `${name} is no regular file.`, { hint: 'Name a file.', at: name })
  }
  return {
    sizeBytes: before.size,
    read: (target, position) => {
      for (let filled = 0; filled < target.byteLength;) {
        const count = readOrRefuse(descriptor, { target, filled, position, name })
        if (count === 0) changedWhileRead(name)
        filled += count
      }
    },
    requireUnchanged: () => {
      const after = fstatSync(descriptor)
      if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) changedWhileRead(name)
    },
    close: () => closeSync(descriptor),
  }
}

function readOrRefuse(
  descriptor: number,
  { target, filled, position, name }: { target: Uint8Array; filled: number; position: number; name: string },
): number {
  try {
    return readSync(descriptor, target, filled, target.byteLength - filled, position + filled)
  } catch (error) {
    return unreadableFile(name, error)
  }
}
