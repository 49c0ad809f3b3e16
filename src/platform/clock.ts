/** The one source of now, in epoch milliseconds, so that tests can hold it still. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
