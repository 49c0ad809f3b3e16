import type { BinaryOperation, Slot, Step, UnaryOperation } from './parsed-model.ts'
import { largestColumn, logistic, runFinish, runLinear, softmaxRow } from './run-scores.ts'
import { createTreeRunner, type Numbers } from './run-trees.ts'

/** `rows × width` values of a slot. */
export type SlotValues = Numbers | string[] | readonly string[]

export type RunStep = (values: readonly SlotValues[], rows: number) => void

export function compileStep(step: Step, slots: readonly Slot[]): RunStep {
  const width = slots[step.to]?.width ?? 0
  const numbers = (values: readonly SlotValues[], slot: number): Numbers => values[slot] as Numbers
  switch (step.kind) {
    case 'pick': {
      const { from, to, columns } = step
      const fromWidth = slots[from]?.width ?? 0
      return (values, rows) => {
        const [source, target] = [values[from] as string[], values[to] as string[]]
        for (let row = 0; row < rows; row++)
          for (let c = 0; c < width; c++)
            target[row * width + c] = source[row * fromWidth + (columns[c] as number)] as string
      }
    }
    case 'join':
      return join(step, slots)
    case 'unary': {
      const operation = unary[step.operation]
      return (values, rows) => {
        const [source, target] = [numbers(values, step.from), numbers(values, step.to)]
        for (let i = 0; i < rows * width; i++) target[i] = operation(source[i] as number)
      }
    }
    case 'binary': {
      const operation = binary[step.operation]
      const [left, right] = [stride(slots[step.left], width), stride(slots[step.right], width)]
      return (values, rows) => {
        const [a, b] = [numbers(values, step.left), numbers(values, step.right)]
        const target = numbers(values, step.to)
        for (let row = 0; row < rows; row++)
          for (let c = 0; c < width; c++)
            target[row * width + c] = operation(
              a[row * left.row + c * left.column] as number,
              b[row * right.row + c * right.column] as number,
            )
      }
    }
    case 'choose': {
      const [condition, yes, no] = [step.condition, step.yes, step.no].map((slot) =>
        stride(slots[slot], width),
      )
      if (condition === undefined || yes === undefined || no === undefined) return () => undefined
      return (values, rows) => {
        const asked = numbers(values, step.condition)
        const [met, unmet] = [values[step.yes] as string[], values[step.no] as string[]]
        const target = values[step.to] as string[]
        for (let row = 0; row < rows; row++)
          for (let c = 0; c < width; c++)
            target[row * width + c] = (
              asked[row * condition.row + c * condition.column] === 0
                ? unmet[row * no.row + c * no.column]
                : met[row * yes.row + c * yes.column]
            ) as string
      }
    }
    case 'scale': {
      const { from, to, offset, scale } = step
      return (values, rows) => {
        const [source, target] = [numbers(values, from), numbers(values, to)]
        for (let row = 0; row < rows; row++)
          for (let c = 0; c < width; c++)
            target[row * width + c] =
              Math.fround((source[row * width + c] as number) - (offset[c] as number)) * (scale[c] as number)
      }
    }
    case 'impute': {
      const { from, to, missing, values: fills } = step
      const isMissing = Number.isNaN(missing) ? Number.isNaN : (value: number) => value === missing
      return (values, rows) => {
        const [source, target] = [numbers(values, from), numbers(values, to)]
        for (let row = 0; row < rows; row++)
          for (let c = 0; c < width; c++) {
            const value = source[row * width + c] as number
            target[row * width + c] = isMissing(value) ? (fills[c] as number) : value
          }
      }
    }
    case 'encode': {
      const { from, to, otherwise } = step
      const map = new Map<unknown, unknown>(
        [...step.keys].map((key, i): [unknown, unknown] => [key, step.values[i]]).toReversed(),
      )
      return (values, rows) => {
        const [source, target] = [values[from] as string[], values[to] as string[]]
        for (let i = 0; i < rows * width; i++) {
          const found = map.get(source[i])
          target[i] = (found === undefined ? otherwise : found) as string
        }
      }
    }
    case 'one_hot': {
      const places = new Map<unknown, number>([...step.keys].map((key, i) => [key, i]))
      return (values, rows) => {
        const [source, target] = [values[step.from] as string[], numbers(values, step.to)]
        target.fill(0, 0, rows * width)
        for (let row = 0; row < rows; row++) {
          const place = places.get(source[row])
          if (place !== undefined) target[row * width + place] = 1
        }
      }
    }
    case 'look_up': {
      const { table, from, to } = step
      return (values, rows) => {
        const [source, target] = [numbers(values, from), numbers(values, to)]
        for (let i = 0; i < rows * width; i++) {
          const index = source[i] as number
          target[i] = table[index < 0 ? index + table.length : index] as number
        }
      }
    }
    case 'sum_columns':
    case 'largest_column': {
      const fromWidth = slots[step.from]?.width ?? 0
      const sums = step.kind === 'sum_columns'
      return (values, rows) => {
        const [source, target] = [numbers(values, step.from), numbers(values, step.to)]
        for (let row = 0; row < rows; row++) {
          let sum = 0
          if (sums) for (let c = 0; c < fromWidth; c++) sum += source[row * fromWidth + c] as number
          target[row] = sums ? sum : largestColumn(source, row, fromWidth)
        }
      }
    }
    case 'softmax':
    case 'shares': {
      const isSoftmax = step.kind === 'softmax'
      return (values, rows) => {
        const [source, target] = [numbers(values, step.from), numbers(values, step.to)]
        target.set(source.subarray(0, rows * width))
        for (let row = 0; row < rows; row++) {
          if (isSoftmax) softmaxRow(target, row * width, width)
          else shareRow(target, row * width, width)
        }
      }
    }
    case 'linear':
      return (values, rows) =>
        runLinear(step.predictor, { matrix: numbers(values, step.from), rows }, numbers(values, step.to))
    case 'trees': {
      const run = createTreeRunner(step.predictor, slots[step.from]?.width ?? 0)
      return (values, rows) => run(numbers(values, step.from), rows, numbers(values, step.to))
    }
    case 'finish': {
      const targets = slots[step.from]?.width ?? 0
      return (values, rows) =>
        runFinish(step.values, { raw: numbers(values, step.from), rows, targets }, numbers(values, step.to))
    }
    case 'classify': {
      const { from, to, above, labels } = step
      const targets = slots[from]?.width ?? 0
      return (values, rows) => {
        const [raw, target] = [numbers(values, from), values[to] as string[]]
        for (let row = 0; row < rows; row++) {
          const place =
            above === undefined ? largestColumn(raw, row, targets) : Number((raw[row] as number) > above)
          target[row] = labels[place] as string
        }
      }
    }
  }
}

function join({ from, to }: Extract<Step, { kind: 'join' }>, slots: readonly Slot[]): RunStep {
  const width = slots[to]?.width ?? 0
  const widths = from.map((slot) => slots[slot]?.width ?? 0)
  return (values, rows) => {
    const target = values[to] as string[]
    let begin = 0
    for (let part = 0; part < from.length; part++) {
      const source = values[from[part] as number] as string[]
      const own = widths[part] as number
      for (let row = 0; row < rows; row++)
        for (let c = 0; c < own; c++) target[row * width + begin + c] = source[row * own + c] as string
      begin += own
    }
  }
}

function shareRow(numbers: Numbers, start: number, width: number): void {
  let sum = 0
  for (let i = 0; i < width; i++) sum += Math.abs(numbers[start + i] as number)
  if (sum === 0) return
  for (let i = 0; i < width; i++) numbers[start + i] = (numbers[start + i] as number) / sum
}

/** How far to go for the next row and the next column; constants and single columns stay where they are. */
function stride(slot: Slot | undefined, width: number): { row: number; column: number } {
  const own = slot?.width ?? width
  return { row: slot?.constant === undefined ? own : 0, column: own === 1 ? 0 : 1 }
}

const unary: Readonly<Record<UnaryOperation, (x: number) => number>> = {
  sigmoid: logistic,
  negate: (x) => -x,
  absolute: Math.abs,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  round: halfToEven,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  reciprocal: (x) => 1 / x,
  relu: (x) => (x < 0 ? 0 : x),
  not: (x) => (x === 0 ? 1 : 0),
  is_nan: (x) => (x === x ? 0 : 1),
  copy: (x) => x,
  truncate: Math.trunc,
  is_set: (x) => (x === 0 ? 0 : 1),
}

function halfToEven(x: number): number {
  const rounded = Math.round(x)
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

const binary: Readonly<Record<BinaryOperation, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  equal: (a, b) => Number(a === b),
  greater: (a, b) => Number(a > b),
  greater_or_equal: (a, b) => Number(a >= b),
  less: (a, b) => Number(a < b),
  less_or_equal: (a, b) => Number(a <= b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
}
