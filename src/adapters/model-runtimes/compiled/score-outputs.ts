import type { Link, Program, ScoreOutput, ScoreValue, Slot, Step } from './parsed-model.ts'

type Traced = Pick<Program, 'slots' | 'steps' | 'outputs'>

/**
 * Which outputs are scores of the predictor, followed backwards through what the graph does with its raw scores: a
 * constant added, a link, columns chosen. An output that is anything else is left out.
 */
export function scoreOutputs({ slots, steps, outputs }: Traced): ScoreOutput[] {
  const writers = new Map<number, Step>(steps.map((step) => [step.to, step]))
  return outputs.flatMap(({ name, slot }): ScoreOutput[] => {
    const type = slots[slot]?.type
    if (type !== 'float' && type !== 'double') return []
    const values = trace(slot, { slots, writers })
    return values === undefined ? [] : [{ name, values }]
  })
}

interface Tracing {
  readonly slots: readonly Slot[]
  readonly writers: ReadonlyMap<number, Step>
}

function trace(slot: number, tracing: Tracing): readonly ScoreValue[] | undefined {
  const step = tracing.writers.get(slot)
  if (step === undefined) return undefined
  switch (step.kind) {
    case 'trees':
    case 'linear':
      return Array.from({ length: step.predictor.targets }, (_, target): ScoreValue => ({
        target,
        offset: 0,
        link: 'identity',
        complement: 'none',
      }))
    case 'finish': {
      const raw = trace(step.from, tracing)
      if (raw === undefined || !raw.every(isRaw)) return undefined
      return step.values.map((value) => ({
        ...value,
        offset: value.offset + (raw[value.target]?.offset ?? 0),
      }))
    }
    case 'pick': {
      const values = trace(step.from, tracing)
      return values === undefined
        ? undefined
        : Array.from(step.columns, (column) => values[column] as ScoreValue)
    }
    case 'join': {
      const parts = step.from.map((from) => trace(from, tracing))
      return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? [])
    }
    case 'unary':
      return unary(step.operation, trace(step.from, tracing))
    case 'softmax':
      return linked(trace(step.from, tracing), 'softmax')
    case 'shares': {
      // Chances that add up to one stay as they are.
      const values = trace(step.from, tracing)
      return values?.every(({ link }) => link === 'softmax') === true ? values : undefined
    }
    case 'binary':
      return binary(step, tracing)
    default:
      return undefined
  }
}

function isRaw({ link, complement }: ScoreValue): boolean {
  return link === 'identity' && complement === 'none'
}

function linked(values: readonly ScoreValue[] | undefined, link: Link): readonly ScoreValue[] | undefined {
  return values?.every(isRaw) === true ? values.map((value) => ({ ...value, link })) : undefined
}

function unary(
  operation: string,
  values: readonly ScoreValue[] | undefined,
): readonly ScoreValue[] | undefined {
  if (operation === 'copy') return values
  return operation === 'sigmoid' ? linked(values, 'logistic') : undefined
}

function binary(
  { operation, left, right }: Extract<Step, { kind: 'binary' }>,
  tracing: Tracing,
): readonly ScoreValue[] | undefined {
  const constantOf = (slot: number): Float64Array | undefined => {
    const found = tracing.slots[slot]?.constant
    return found instanceof Float64Array ? found : undefined
  }
  const [first, second] = [constantOf(left), constantOf(right)]
  if (operation === 'add') {
    const values = trace(first === undefined ? left : right, tracing)
    const added = first ?? second
    if (values?.every(isRaw) !== true || added === undefined || added.length > values.length) return undefined
    return values.map((value, i) => ({
      ...value,
      offset: value.offset + ((added.length === 1 ? added[0] : added[i]) as number),
    }))
  }
  if (operation !== 'subtract' || first?.every((value) => value === 1) !== true) return undefined
  const values = trace(right, tracing)
  return values?.every(({ complement }) => complement === 'none') === true
    ? values.map((value) => ({ ...value, complement: 'one_minus' as const }))
    : undefined
}
