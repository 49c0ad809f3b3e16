/** How many cores are left for steps, over all runs of this process. */
export interface CoreBudget {
  /** Waits its turn, first come first served; answers how to give the cores back. Rejects when the signal aborts. */
  acquire(cores: number, signal: AbortSignal): Promise<() => void>
}

interface Waiter {
  readonly cores: number
  readonly start: () => void
}

/**
 * A step takes one core, or all of them when it works in parallel by itself; two such steps side by side would only
 * slow each other down and need twice the memory.
 */
export function createCoreBudget(cores: number): CoreBudget {
  let free = cores
  const queue: Waiter[] = []
  const startNext = (): void => {
    for (let [next] = queue; next !== undefined && next.cores <= free; [next] = queue) {
      queue.shift()
      free -= next.cores
      next.start()
    }
  }
  return {
    acquire: (wanted, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted()
        const needed = Math.min(wanted, cores)
        const leave = (): void => {
          queue.splice(queue.indexOf(waiter), 1)
          reject(signal.reason as Error)
          startNext()
        }
        const waiter: Waiter = {
          cores: needed,
          start: () => {
            signal.removeEventListener('abort', leave)
            let held = true
            resolve(() => {
              if (!held) return
              held = false
              free += needed
              startNext()
            })
          },
        }
        signal.addEventListener('abort', leave, { once: true })
        queue.push(waiter)
        startNext()
      }),
  }
}
