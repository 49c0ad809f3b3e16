/**
 * What stands in memory for one byte of a model's files. Measured with onnxruntime 1.30: 9 for forests, whose nodes are
 * unpacked; large files are weights as a rule, which are kept as they are.
 */
const residentPerFileByte = 10
const residentPerWeightByte = 2
const largestForestBytes = 32 * 1024 * 1024
const smallestBytes = 512 * 1024
/** A Python process with MLflow and its libraries. */
const pythonProcessBytes = 200 * 1024 * 1024
/** Growth beyond so many times the estimate was somebody else's. */
const mostTimesEstimate = 2

/** It holds no less, whatever was measured: memory that was free already is taken without a trace. */
export function leastBytes({ filesBytes }: ModelSize): number {
  return Math.max(smallestBytes, filesBytes)
}

export interface ModelSize {
  readonly filesBytes: number
  readonly pythonWorkers: number
}

export function estimatedBytes({ filesBytes, pythonWorkers }: ModelSize): number {
  if (pythonWorkers > 0) return pythonWorkers * (pythonProcessBytes + 2 * filesBytes)
  const forest = Math.min(filesBytes, largestForestBytes)
  return smallestBytes + residentPerFileByte * forest + residentPerWeightByte * (filesBytes - forest)
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
