import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import type { ParsedModel, Program, Slot } from './parsed-model.ts'
import { compileStep, type SlotValues } from './run-steps.ts'
import type { Numbers } from './run-trees.ts'

/** Runs a program again and again in the same memory. */
export interface ProgramRunner {
  /** Values of all slots; they are overwritten by the next run. `steps` are the first ones to run; all, when left out. */
  run(batch: RowBatch, steps?: number): readonly SlotValues[]
}

export function createProgramRunner(program: Program): ProgramRunner {
  let capacity = 0
  let values: SlotValues[] = []
  const reserve = (rows: number): void => {
    if (rows <= capacity) return
    capacity = Math.max(rows, 64)
    values = program.slots.map((slot) => slot.constant ?? emptyValues(slot, capacity))
  }
  const steps = program.steps.map((step) => compileStep(step, program.slots))
  return {
    run: (batch, count = steps.length) => {
      reserve(batch.rows)
      for (const { slot, kind, places } of program.loads) {
        const into = values[slot] as SlotValues
        const width = places.length
        if (kind === 'text') loadTexts(into as string[], { batch, places, width })
        else loadNumbers(into as Numbers, { batch, places, width })
      }
      for (let i = 0; i < count; i++) steps[i]?.(values, batch.rows)
      return values
    },
  }
}

interface Loading {
  readonly batch: RowBatch
  readonly places: readonly number[]
  readonly width: number
}

function loadNumbers(into: Numbers, { batch, places, width }: Loading): void {
  const { rows, numbers } = batch
  for (let c = 0; c < width; c++) {
    const start = (places[c] as number) * rows
    for (let row = 0; row < rows; row++) into[row * width + c] = numbers[start + row] as number
  }
}

function loadTexts(into: string[], { batch, places, width }: Loading): void {
  for (let c = 0; c < width; c++) {
    const texts = batch.texts[places[c] as number] ?? []
    for (let row = 0; row < batch.rows; row++) into[row * width + c] = texts[row] ?? ''
  }
}

function emptyValues({ type, width }: Slot, rows: number): SlotValues {
  if (type === 'text') return Array.from({ length: rows * width }, () => '')
  return type === 'float' ? new Float32Array(rows * width) : new Float64Array(rows * width)
}

/** The matrix that the predictor reads, `rows × model.columns.length`, row by row; a copy. */
export function prepareRows(model: ParsedModel, batch: RowBatch): Numbers {
  const { program } = model
  const values = createProgramRunner(program).run(batch, program.predictorStep)
  return (values[program.matrix] as Numbers).slice(0, batch.rows * model.columns.length)
}
