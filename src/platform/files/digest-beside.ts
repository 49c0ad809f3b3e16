import { createHash } from 'node:crypto'
import type { TaskChannel } from './file-task.ts'
import { SharedSlabs } from './shared-slabs.ts'

/** Digests a file that another thread reads: SHA-256 of the whole takes as long as all that is done with its chunks. */
export async function digestBeside(
  { memory }: { readonly memory: SharedArrayBuffer },
  { signal }: TaskChannel,
): Promise<string> {
  const whole = createHash('sha256')
  for await (const bytes of new SharedSlabs(memory).slabs(signal)) whole.update(bytes)
  return whole.digest('hex')
}
