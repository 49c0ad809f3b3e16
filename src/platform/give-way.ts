import { setImmediate as nextTurn } from 'node:timers/promises'

const sliceMs = 2
/** A request that comes over a socket takes several turns of the event loop: until it is read, scored and answered. */
const turns = 8

/** Long work that shares the event loop with requests: `await` it between small parts. It costs nothing until its slice is over. */
export type GiveWay = () => Promise<void> | undefined

/** Work goes on for two milliseconds at a time, as long as a garbage collection may take, and then lets others through. */
export function createGiveWay(): GiveWay {
  let sliceEnd = performance.now() + sliceMs
  return () => {
    if (performance.now() <= sliceEnd) return undefined
    return letThrough().then(() => {
      sliceEnd = performance.now() + sliceMs
    })
  }
}

async function letThrough(): Promise<void> {
  // Without anyone who waits, a turn takes a few microseconds.
  for (let turn = 0; turn < turns; turn++) await nextTurn()
}
