import { nearestName } from '#platform/nearest-name'
import type { ProjectPath } from './contract.ts'
import { alternatives, choiceWord, foundWords, quoted } from './wording.ts'

/** One mistake in plain words, not yet placed in the file. */
export interface Mistake {
  readonly path: ProjectPath
  readonly target: 'key' | 'value'
  readonly message: string
  readonly hint?: string | undefined
  /** Where the caret goes, where that is not `path`: a field inside it. */
  readonly caret?: ProjectPath
  /** What would have been right, where the mistake is one value: lets the forms of a union be listed together. */
  readonly expected?: readonly string[] | undefined
  /** A field that is missing at `path`, or that nobody knows there, with the field that was probably meant. */
  readonly field?: {
    readonly kind: 'missing' | 'unknown'
    readonly name: string
    readonly meant?: string | undefined
  }
}

/** "Did you mean", or what there is to choose from. */
export function nameHint(meant: string | undefined, known: readonly string[]): string | undefined {
  if (meant !== undefined) return `Did you mean ${quoted(meant)}?`
  if (known.length === 0) return undefined
  const shown = known.slice(0, 12).join(', ')
  return `Known here: ${shown}${known.length > 12 ? ` and ${known.length - 12} more` : ''}.`
}

/** A value that is none of those allowed; values near enough are suggested. */
export function choiceMistake(path: ProjectPath, value: unknown, choices: readonly unknown[]): Mistake {
  const texts = choices.filter((choice) => typeof choice === 'string')
  const expected = choices.map(choiceWord)
  const meant = typeof value === 'string' ? nearestName(value, texts) : undefined
  return {
    path,
    target: 'value',
    expected,
    message: `found ${foundWords(value)}, expected ${alternatives(expected)}`,
    hint: nameHint(meant, []),
  }
}
