/** How many bytes a model takes by its files: what stands in memory for one byte of them. */
const residentPerFileByte = 10
const smallestBytes = 512 * 1024
/** A Python process with MLflow and its libraries. */
const pythonProcessBytes = 200 * 1024 * 1024
/** Growth beyond so many times the estimate was somebody else's. */
const mostTimesEstimate = 2

export interface ModelSize {
  readonly filesBytes: number
  readonly pythonWorkers: number
}

export function estimatedBytes({ filesBytes, pythonWorkers }: ModelSize): number {
  if (pythonWorkers > 0) return pythonWorkers * (pythonProcessBytes + 2 * filesBytes)
  return smallestBytes + residentPerFileByte * filesBytes
}

export interface Measurement {
  /** What the model added to the process; undefined when other loads went on meanwhile. */
  end(estimate: number): number | undefined
}

/**
 * Measures what a load adds to the memory of this process. Memory that was given back before is taken again without any
 * growth, so as much of the estimate as was freed counts as taken.
 */
export function createMemoryMeter(residentBytes: () => number) {
  let running = 0
  let started = 0
  let freedBytes = 0
  return {
    freed: (bytes: number): void => {
      freedBytes += bytes
    },
    begin: (): Measurement => {
      const before = residentBytes()
      const isAlone = running === 0
      const ticket = ++started
      running++
      return {
        end: (estimate) => {
          running--
          if (!isAlone || ticket !== started) return undefined
          const growth = Math.max(0, residentBytes() - before)
          const reused = Math.min(freedBytes, Math.max(0, estimate - growth))
          freedBytes -= reused
          return Math.min(growth + reused, mostTimesEstimate * estimate)
        },
      }
    },
  }
}

export type MemoryMeter = ReturnType<typeof createMemoryMeter>
