import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Smaller files come and go without being seen in the memory of a process. */
const worthCollectingBytes = 4 * 2 ** 20

/**
 * Lets go of the bytes of a model at once. V8 does not count them as its own memory, so it would keep several models' files
 * before it looks. For worker threads, where a few milliseconds matter to nobody.
 */
export function createGarbageCollection(): (sizeBytes: number) => void {
  let collect: (() => void) | undefined
  return (sizeBytes) => {
    if (sizeBytes < worthCollectingBytes) return
    if (collect === undefined) {
      setFlagsFromString('--expose-gc')
      collect = runInNewContext('gc') as () => void
    }
    collect()
  }
}
