import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { Column, Frame } from '#platform/tables/frame'

/** @param role what the column is for, as in "named as label" */
export function columnOf(frame: Frame, name: string, role: string): Column {
  const column = Object.hasOwn(frame.columns, name) ? frame.columns[name] : undefined
  if (column !== undefined) return column
  const names = Object.keys(frame.columns)
  const near = nearestName(name, names)
  return fail('invalid_input', `The table has no column "${name}", which is named as ${role}.`, {
    hint: near === undefined ? `Its columns are ${names.join(', ')}.` : `Did you mean "${near}"?`,
    at: name,
  })
}
