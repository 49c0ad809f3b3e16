import type { $ZodIssue } from 'zod/v4/core'
import { nearestName } from '#platform/nearest-name'
import type { ProjectPath } from './contract.ts'
import { nameHint, type Mistake } from './mistake.ts'
import { alternatives, foundWords, quoted } from './wording.ts'

/** One of the forms that a value may have, and what keeps it from having it. */
export interface Form {
  readonly mistakes: readonly Mistake[]
  /** The value is of another kind altogether, such as text where this form is a mapping. */
  readonly otherKind: boolean
}

/**
 * Explains a value that has none of the forms it may have. Zod reports every form's issues; a reader wants those of the
 * form that was meant, which is the one with the fewest mistakes.
 */
export function unionMistakes(forms: readonly Form[], path: ProjectPath, value: unknown): Mistake[] {
  if (forms.length === 0) {
    return [{ path, target: 'value', message: 'this fits more than one of the forms it may have' }]
  }
  const fitting = forms.filter((form) => !form.otherKind)
  const isCollection = typeof value === 'object' && value !== null
  if (fitting.length === 0 || !isCollection) {
    // A form that nearly fits may have more to say than what it expects.
    const [only] = fitting.length === 1 ? fitting : []
    const hasOwnWords = only?.mistakes.every((mistake) => mistake.expected === undefined) === true
    return hasOwnWords ? [...only.mistakes] : [anyOf(forms, path, value)]
  }

  const fewest = Math.min(...fitting.map((form) => form.mistakes.length))
  const nearest = fitting.filter((form) => form.mistakes.length === fewest)
  return nearest.length === 1 ? [...(nearest[0]?.mistakes ?? [])] : mergedMistakes(nearest, path, value)
}

/** Whether a form refused the value as a whole, before looking inside. */
export function isOtherKind(issues: readonly $ZodIssue[]): boolean {
  return issues.some((issue) => {
    if (issue.path.length > 0) return false
    if (issue.code === 'invalid_type' || issue.code === 'invalid_value') return true
    return issue.code === 'invalid_union' && issue.errors.length > 0 && issue.errors.every(isOtherKind)
  })
}

/** `found the text "atuo", expected "auto" or a duration`, over all forms. */
function anyOf(forms: readonly Form[], path: ProjectPath, value: unknown): Mistake {
  const mistakes = forms.flatMap((form) =>
    form.mistakes.filter((mistake) => mistake.path.length === path.length),
  )
  const expected = mistakes.flatMap((mistake) => mistake.expected ?? [])
  // A form that suggests the nearest of its names knows best; a hint about the kind would be one form's opinion.
  const hint = mistakes.find((mistake) => mistake.hint?.startsWith('Did you mean') === true)?.hint
  return {
    path,
    target: 'value',
    expected,
    message: `found ${foundWords(value)}, expected ${alternatives(expected)}`,
    hint,
  }
}

/** Several forms are equally near: what they agree on, and what each of them wants or refuses. */
function mergedMistakes(forms: readonly Form[], path: ProjectPath, value: unknown): Mistake[] {
  const [first] = forms
  if (first === undefined) return []
  const shared = first.mistakes.filter((mistake) =>
    forms.every((form) => form.mistakes.some((other) => isSame(mistake, other))),
  )
  const own = forms.map((form) =>
    form.mistakes.filter((mistake) => !shared.some((other) => isSame(mistake, other))),
  )
  if (own.every((mistakes) => mistakes.length === 0)) return [...shared]
  const names = (kind: 'missing' | 'unknown') =>
    own.map((mistakes) =>
      mistakes.flatMap(({ field, path: at }) =>
        field?.kind === kind && at.length === path.length ? [field.name] : [],
      ),
    )
  const missing = names('missing')
  if (missing.every((fields) => fields.length > 0)) return withNeededField(shared, missing, path)

  const refused = new Set(names('unknown').flat())
  const unknown = Object.keys(value ?? {}).filter((name) => refused.has(name))
  const onlyUnknown = own.flat().every(({ field }) => field?.kind === 'unknown')
  if (!onlyUnknown || unknown.length < 2) return [...first.mistakes]
  return [
    ...shared,
    {
      path,
      caret: [...path, unknown.at(-1) ?? ''],
      target: 'key',
      message: `${unknown.map(quoted).join(' and ')} cannot stand together`,
      hint: 'Keep one of them.',
    },
  ]
}

function withNeededField(
  shared: readonly Mistake[],
  missing: readonly string[][],
  path: ProjectPath,
): Mistake[] {
  const choices = [...new Set(missing.flat())]
  // A field that no form knows may be the misspelling of the one that tells the forms apart.
  const respelt = shared.map((mistake) => {
    if (mistake.field?.kind !== 'unknown') return mistake
    const meant = nearestName(mistake.field.name, choices)
    return meant === undefined
      ? mistake
      : { ...mistake, hint: nameHint(meant, []), field: { ...mistake.field, meant } }
  })
  if (
    respelt.some((mistake) => mistake.field?.meant !== undefined && choices.includes(mistake.field.meant))
  ) {
    return respelt
  }
  const message = `one of the fields ${alternatives(choices.map(quoted))} is missing`
  return [...respelt, { path, target: 'key', message }]
}

function isSame(left: Mistake, right: Mistake): boolean {
  return left.message === right.message && left.path.join('\0') === right.path.join('\0')
}
