import type { $ZodIssue, $ZodIssueInvalidUnion, $ZodType } from 'zod/v4/core'
import { nearestName } from '#platform/nearest-name'
import type { ProjectPath } from './contract.ts'
import { descriptionAt, fieldsAt, keyDescriptionAt, optionsAt } from './schema-walk.ts'
import { choiceMistake, nameHint, type Mistake } from './mistake.ts'
import { isOtherKind, unionMistakes } from './union-form.ts'
import {
  alternatives,
  asSentence,
  choiceWord,
  expectedWords,
  foundWords,
  insideSentence,
  kindHint,
  pathText,
  quoted,
} from './wording.ts'

/** What issues are about: the schema, the value that was held against it, and where both stand in the file. */
export interface Scope {
  readonly schema: $ZodType | undefined
  readonly base: ProjectPath
  readonly value: unknown
}

/**
 * The message that marks an issue as zod's own, whose words are chosen here. Passed to `safeParse` as its error map;
 * messages that a stage wrote into its schema win over it and are kept as they are.
 */
export const unwritten = ''

/** Every issue in plain words. A missing field whose misspelling is reported already is not told again. */
export function explainIssues(issues: readonly $ZodIssue[], scope: Scope): Mistake[] {
  const mistakes = issues.flatMap((issue) => explainIssue(issue, scope))
  const meant = new Set(
    mistakes.flatMap(({ path, field }) =>
      field?.meant === undefined ? [] : [pathText([...path, field.meant])],
    ),
  )
  return mistakes.filter(
    ({ path, field }) => field?.kind !== 'missing' || !meant.has(pathText([...path, field.name])),
  )
}

function explainIssue(issue: $ZodIssue, scope: Scope): Mistake[] {
  const inner = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)))
  const path = [...scope.base, ...inner]
  const value = valueAt(scope.value, inner)
  if (issue.code === 'unrecognized_keys') {
    const known = scope.schema === undefined ? [] : fieldsAt(scope.schema, inner, value)
    return issue.keys.map((name) => unknownField(path, { name, known, value }))
  }
  if (issue.message !== unwritten) return [writtenMistake(issue, path)]
  if (value === undefined && inner.length > 0) return [missingField(issue, { inner, path, scope })]
  if (issue.code === 'invalid_union') return explainUnion(issue, { ...scope, base: path, value }, inner)
  if (issue.code === 'invalid_key') return [keyMistake(issue, { inner, path, scope })]
  if (issue.code === 'invalid_value') return [choiceMistake(path, value, issue.values)]
  return [valueMistake(issue, { inner, path, scope }, value)]
}

/** Where an issue is: seen from the scope, and in the file. */
interface Place {
  readonly inner: ProjectPath
  readonly path: ProjectPath
  readonly scope: Scope
}

function valueMistake(issue: $ZodIssue, { inner, path, scope }: Place, value: unknown): Mistake {
  const description = scope.schema === undefined ? undefined : descriptionAt(scope.schema, inner)
  // A regular expression is no answer to someone who can be told its meaning.
  const described = issue.code === 'invalid_format' && issue.format === 'regex' && description !== undefined
  const expected = described ? insideSentence(description) : (expectedWords(issue) ?? 'something else')
  const kind = issue.code === 'invalid_type' ? kindHint(value, issue.expected) : undefined
  return {
    path,
    target: 'value',
    expected: [expected],
    message: `found ${foundOf(issue, value)}, expected ${expected}`,
    hint: kind ?? (described ? undefined : asSentence(description)),
  }
}

/** `union` holds the place and value of the union itself; `inner` leads from its schema to it. */
function explainUnion(issue: $ZodIssueInvalidUnion, union: Scope, inner: ProjectPath): Mistake[] {
  const { base: path, value } = union
  if ('options' in issue && issue.options !== undefined) return [choiceMistake(path, value, issue.options)]
  const options = union.schema === undefined ? [] : optionsAt(union.schema, inner, issue.errors.length)
  const forms = issue.errors.map((issues, index) => ({
    mistakes: explainIssues(issues, { schema: options[index], base: path, value }),
    otherKind: isOtherKind(issues),
  }))
  return unionMistakes(forms, path, value)
}

function foundOf(issue: $ZodIssue, value: unknown): string {
  const counts = issue.code === 'too_small' || issue.code === 'too_big'
  if (!counts || typeof value !== 'object' || value === null) return foundWords(value)
  const count = Object.keys(value).length
  return `${count === 0 ? 'no' : count} ${count === 1 ? 'entry' : 'entries'}`
}

/** The message of a stage, with the hint that it may pass along as `params.hint`. */
function writtenMistake(issue: $ZodIssue, path: ProjectPath): Mistake {
  const hint: unknown = issue.code === 'custom' ? issue.params?.['hint'] : undefined
  const expected = / expected (.+)$/.exec(issue.message)?.[1]
  return {
    path,
    target: issue.code === 'invalid_key' ? 'key' : 'value',
    message: issue.message,
    expected: expected === undefined ? undefined : [expected],
    hint: typeof hint === 'string' ? hint : undefined,
  }
}

interface UnknownField {
  readonly name: string
  readonly known: readonly string[]
  readonly value: unknown
}

function unknownField(path: ProjectPath, { name, known, value }: UnknownField): Mistake {
  const free = known.filter((field) => valueAt(value, [field]) === undefined)
  const meant = nearestName(name, free)
  return {
    path,
    caret: [...path, name],
    target: 'key',
    message: `unknown ${path.length === 0 ? 'section' : 'field'} ${quoted(name)}`,
    hint: nameHint(meant, known),
    field: { kind: 'unknown', name, meant },
  }
}

function missingField(issue: $ZodIssue, { inner, path, scope }: Place): Mistake {
  const name = String(inner.at(-1))
  const expected = issue.code === 'invalid_union' ? unionWords(issue) : expectedWords(issue)
  const description = scope.schema === undefined ? undefined : descriptionAt(scope.schema, inner)
  const wanted = expected === undefined ? undefined : `Expected ${expected}.`
  return {
    path: path.slice(0, -1),
    target: 'key',
    message: `the ${path.length === 1 ? 'top-level field' : 'field'} ${quoted(name)} is missing`,
    hint:
      [wanted, description === undefined ? undefined : `${description}.`].filter(Boolean).join(' ') ||
      undefined,
    field: { kind: 'missing', name },
  }
}

function unionWords(issue: $ZodIssueInvalidUnion): string | undefined {
  if ('options' in issue && issue.options !== undefined) return alternatives(issue.options.map(choiceWord))
  const words = issue.errors.flatMap((errors) => errors.slice(0, 1).map(expectedWords))
  return words.includes(undefined) ? undefined : alternatives(words as string[])
}

function keyMistake(
  issue: Extract<$ZodIssue, { code: 'invalid_key' }>,
  { inner, path, scope }: Place,
): Mistake {
  const name = String(path.at(-1))
  const [first] = issue.issues
  const written = first !== undefined && first.message !== unwritten ? first.message : undefined
  const description =
    scope.schema === undefined ? undefined : keyDescriptionAt(scope.schema, inner.slice(0, -1))
  const described = first?.code === 'invalid_format' && description !== undefined
  const expected = described ? insideSentence(description) : first && expectedWords(first)
  const choices = first?.code === 'invalid_value' ? first.values.map(String) : []
  return {
    path,
    target: 'key',
    message: written ?? `found the name ${quoted(name)}, expected ${expected ?? 'another'}`,
    hint: choices.length > 0 ? nameHint(nearestName(name, choices), []) : undefined,
  }
}

function valueAt(value: unknown, path: ProjectPath): unknown {
  let found = value
  for (const segment of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, segment)) return undefined
    found = (found as Record<string | number, unknown>)[segment]
  }
  return found
}
