import { resolve } from 'node:path'
import { fail } from '#contract/errors'
import type { CommandContext } from '#platform/terminal/index'
import { parseLabel, readLabelFile, type LabelRow } from './label-file.ts'

/** The labels that a command line names: ID and LABEL, or a file. */
export async function labelsOf({
  arguments: words,
  options,
  directory,
}: CommandContext): Promise<LabelRow[]> {
  const file = options.text('file')
  const id = words.optional('ID')
  const text = words.optional('LABEL')
  if (file !== undefined) {
    if (id !== undefined) fail('invalid_input', 'Give an ID and a LABEL, or --file, not both.')
    const labels = await readLabelFile(resolve(directory, file))
    return labels.length > 0 ? labels : fail('unreadable_data', `${file} has no rows.`)
  }
  if (id === undefined || text === undefined) {
    return fail('invalid_input', 'Which label?', {
      hint: 'devmlops feedback NAME ID LABEL, or --file labels.csv.',
    })
  }
  const label =
    parseLabel(text) ?? fail('invalid_input', `"${text}" is no label: expected a number, true or false.`)
  return [{ id, label }]
}
