import { fail } from '#contract/errors'
import type { Frame } from '#platform/tables/index'
import type { Task } from './contract.ts'

export interface LabelColumn {
  readonly name: string
  readonly task: Task
  /** The value that counts as 1, where the column is not 0 and 1. */
  readonly positive: string | number | boolean | undefined
}

/** The label column as numbers on shared memory: 0 and 1 for a binary task. NaN where it is missing. */
export function labelValues(frame: Frame, { name, task, positive }: LabelColumn): Float64Array {
  const column =
    frame.columns[name] ??
    fail('invalid_input', `The data to evaluate on has no column "${name}", which is the label.`, {
      at: name,
    })
  const labels = new Float64Array(new SharedArrayBuffer(frame.rows * 8))
  if (column.kind === 'number') {
    const wanted = positive === undefined ? undefined : Number(positive)
    for (let row = 0; row < frame.rows; row++) {
      const value = column.values[row] as number
      labels[row] =
        task === 'binary' && wanted !== undefined && !Number.isNaN(value) ? Number(value === wanted) : value
    }
    return labels
  }
  if (task === 'regression')
    fail('invalid_input', `The label "${name}" is text, and a regression predicts a number.`, { at: name })
  const truth = positive === undefined ? ['1', 'true'] : [String(positive).toLowerCase()]
  for (let row = 0; row < frame.rows; row++) {
    const code = column.codes[row] as number
    labels[row] = code === -1 ? Number.NaN : Number(truth.includes((column.levels[code] ?? '').toLowerCase()))
  }
  return labels
}
