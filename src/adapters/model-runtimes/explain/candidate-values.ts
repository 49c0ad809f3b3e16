import { memberMode, type ParsedModel } from '../compiled/index.ts'

type Step = ParsedModel['program']['steps'][number]

/** Thresholds of a field are thinned to so many, evenly. */
const mostNumbers = 24
const mostTexts = 64

/**
 * Values where an answer may change, by field: for numbers that reach trees as they are, the values just below and above
 * thresholds; for texts, the categories that the graph knows.
 */
export function candidateValues(model: ParsedModel): ReadonlyMap<number, readonly (number | string)[]> {
  const found = new Map<number, Set<number | string>>()
  const add = (field: number, value: number | string): void => {
    const values = found.get(field)
    if (values === undefined) found.set(field, new Set([value]))
    else values.add(value)
  }
  addCategories(model, add)
  addThresholds(model, add)
  return new Map(
    [...found].map(([field, values]) => {
      const list = [...values]
      if (typeof list[0] === 'string') return [field, list.slice(0, mostTexts)]
      const sorted = (list as number[]).toSorted((left, right) => left - right)
      const step = Math.max(1, sorted.length / mostNumbers)
      return [
        field,
        Array.from(
          { length: Math.min(sorted.length, mostNumbers) },
          (_, i) => sorted[Math.floor(i * step)] ?? 0,
        ),
      ]
    }),
  )
}

type Add = (field: number, value: number | string) => void

/** A matrix column of the raw name stands for the field itself, if no step has changed its numbers on the way. */
function addThresholds({ columns, inputs, predictor, program }: ParsedModel, add: Add): void {
  if (predictor.kind !== 'trees') return
  if (program.steps.slice(0, program.predictorStep).some(isArithmetic)) return
  const fieldOf = columns.map(({ name, inputs: sources }) => {
    const input = inputs[sources[0] ?? -1]
    return sources.length === 1 && input?.kind === 'number' && input.name === name ? input.field : undefined
  })
  const { feature, threshold, mode } = predictor
  for (let node = 0; node < feature.length; node++) {
    const field = fieldOf[feature[node] as number]
    const bound = threshold[node] as number
    if (field === undefined || mode[node] === memberMode || !Number.isFinite(bound)) continue
    add(field, bound)
  }
}

/** After it a threshold is no value of the field any more. */
function isArithmetic(step: Step): boolean {
  if (step.kind === 'unary') return !['copy', 'is_nan', 'is_set', 'not'].includes(step.operation)
  return step.kind === 'scale' || step.kind === 'binary'
}

/** Text that goes straight into an encoder. */
function addCategories({ program, inputs }: ParsedModel, add: Add): void {
  const texts = inputs.filter(({ kind }) => kind === 'text')
  const origin = new Map<number, readonly (number | undefined)[]>()
  let place = 0
  for (const load of program.loads) {
    const width = load.places.length
    if (load.kind === 'text')
      origin.set(
        load.slot,
        texts.slice(place, place + width).map(({ field }) => field),
      )
    if (load.kind === 'text') place += width
  }
  for (const step of program.steps.slice(0, program.predictorStep)) {
    if (step.kind === 'pick' || step.kind === 'join') {
      const from = step.kind === 'pick' ? [step.from] : step.from
      const fields = from.flatMap((slot) => origin.get(slot) ?? [])
      if (fields.length > 0)
        origin.set(
          step.to,
          step.kind === 'pick' ? Array.from(step.columns, (column) => fields[column]) : fields,
        )
    }
    if (step.kind !== 'one_hot' && step.kind !== 'encode') continue
    const [field, ...more] = origin.get(step.from) ?? []
    if (field === undefined || more.length > 0) continue
    for (const key of step.keys) if (typeof key === 'string' && key !== '') add(field, key)
  }
}
