import { fail, messageOf } from '#contract/errors'
import type { Digest } from '../blobs/index.ts'

export function changedWhileRead(name: string): never {
  return fail('unreadable_data', `${name} changed while it was read.`, {
    hint: 'Wait until it is written completely, or write it under another name and rename it at the end.',
    at: name,
  })
}

/** Says why a file of the user cannot be read, by the name that the user gave it. */
export function unreadableFile(name: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') {
    return fail('not_found', `There is no file ${name}.`, { hint: 'Check the path.', at: name })
  }
  const reason = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : messageOf(error)
  return fail('unreadable_data', `${name} cannot be read: ${reason}.`, {
    hint: 'Check the permissions of the file and the disk.',
    at: name,
    cause: error,
  })
}

/** Stored bytes that are not what they were; without a block, it is the layout that is at fault. */
export function damagedFile({ digest }: { readonly digest: Digest }, block?: Digest): never {
  const where = block === undefined ? 'by what is known of its chunks' : `in the block ${block}`
  return fail('storage_corrupt', `The stored bytes of ${digest} have changed, ${where}.`, {
    hint: 'The disk or someone altered them: pull them from a remote, or add the file again.',
  })
}
