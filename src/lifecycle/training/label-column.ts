import { fail } from '#contract/errors'
import type { Column, Frame } from '#platform/tables/frame'
import { columnOf } from './column.ts'
import type { Task } from './trainer-point.ts'
import type { TableSpec } from './training-table.ts'

/** Binary where the label is text, 0/1 or has a value named as positive; otherwise a number to predict. */
export function inferTask(frame: Frame, label: string, positive?: TableSpec['positive']): Task {
  const column = columnOf(frame, label, 'label')
  if (positive !== undefined || column.kind === 'category') return 'binary'
  return column.values.every((value) => value === 0 || value === 1 || Number.isNaN(value))
    ? 'binary'
    : 'regression'
}

/** 0 or 1, or finite numbers. */
export function readLabel(frame: Frame, spec: TableSpec): Float64Array {
  const column = columnOf(frame, spec.label, 'label')
  if (spec.task === 'binary') return readBinaryLabel(column, spec)
  if (column.kind === 'category')
    return fail('training_failed', `The label "${spec.label}" is text, but a regression predicts a number.`, {
      hint: 'Turn it into a number in SQL, or train a binary task.',
      at: spec.label,
    })
  for (let i = 0; i < column.values.length; i++)
    if (!Number.isFinite(column.values[i])) failOnLabel(column.values[i] as number, spec.label, i)
  return column.values
}

function failOnLabel(value: number, label: string, row: number): never {
  const what = Number.isNaN(value) ? 'is missing' : `is ${value}`
  return fail('training_failed', `The label "${label}" ${what} in row ${row + 1}.`, {
    hint: `Leave out rows whose label is unknown: WHERE ${label} IS NOT NULL.`,
    at: label,
  })
}

const truth = new Map<string, number>([
  ['0', 0],
  ['1', 1],
  ['false', 0],
  ['true', 1],
])

function readBinaryLabel(column: Column, spec: TableSpec): Float64Array {
  const cells = column.kind === 'number' ? column.values : column.codes
  const textOf = (cell: number): string =>
    column.kind === 'number' ? String(cell) : (column.levels[cell] as string)
  const label = new Float64Array(cells.length)
  const meanings = new Map<number, number>()
  let ones = 0
  for (let i = 0; i < label.length; i++) {
    const cell = cells[i] as number
    let value = meanings.get(cell)
    if (value === undefined) {
      if (column.kind === 'number' ? Number.isNaN(cell) : cell === -1) failOnLabel(Number.NaN, spec.label, i)
      value = meaningOf(textOf(cell), [...meanings.keys(), cell].map(textOf), spec)
      meanings.set(cell, value)
    }
    label[i] = value
    ones += value
  }
  if (ones === 0 || ones === label.length) failOnOneClass([...meanings.keys()].map(textOf), spec)
  return label
}

function meaningOf(level: string, levels: readonly string[], spec: TableSpec): number {
  const shown = levels.map((each) => `"${each}"`).join(', ')
  if (spec.positive === undefined) {
    const value = truth.get(level.toLowerCase())
    if (value !== undefined) return value
    return fail(
      'training_failed',
      `The label "${spec.label}" holds ${shown}; a binary task expects 0 and 1.`,
      {
        hint: `Say which value counts as 1, for example positive: ${level}, or train a regression.`,
        at: spec.label,
      },
    )
  }
  if (levels.length > 2)
    fail('training_failed', `The label "${spec.label}" holds ${shown}; a binary task expects two values.`, {
      hint: 'Turn it into two values in SQL.',
      at: spec.label,
    })
  if (level === String(spec.positive)) return 1
  // 1 and true are the same to whoever writes `positive: true` for a column of numbers.
  return truth.get(level.toLowerCase()) === 1 && truth.get(String(spec.positive)) === 1 ? 1 : 0
}

function failOnOneClass(levels: readonly string[], spec: TableSpec): never {
  const positive =
    spec.positive === undefined ? '' : `, never ${JSON.stringify(spec.positive)} and something else`
  return fail(
    'training_failed',
    `The label "${spec.label}" is always the same (${levels.join(', ')})${positive}: there is nothing to tell apart.`,
    { hint: 'Train on a period or a selection in which both outcomes occur.', at: spec.label },
  )
}

export function readWeight(frame: Frame, name: string): Float64Array {
  const column = columnOf(frame, name, 'weight')
  if (column.kind === 'category')
    return fail('training_failed', `The weight column "${name}" is text; weights are numbers.`, { at: name })
  let sum = 0
  for (let i = 0; i < column.values.length; i++) {
    const weight = column.values[i] as number
    if (!(weight >= 0 && weight < Infinity))
      fail(
        'training_failed',
        `The weight "${name}" is ${weight} in row ${i + 1}; expected a number from 0 up.`,
        {
          hint: 'Give every row a weight, 0 to leave it out.',
          at: name,
        },
      )
    sum += weight
  }
  if (sum === 0) fail('training_failed', `All weights in "${name}" are 0.`, { at: name })
  return column.values
}
