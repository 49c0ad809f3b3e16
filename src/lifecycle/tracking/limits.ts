import { fail } from '#contract/errors'
import { reservedTags } from './contract.ts'

/** MLflow's limits, so that what one of its clients may send fits here and what fits here may go to MLflow. */
export const limits = {
  keyLength: 250,
  paramValueLength: 6000,
  tagValueLength: 8000,
  experimentTagValueLength: 5000,
  experimentNameLength: 500,
  artifactLocationLength: 2048,
  batchMetrics: 1000,
  batchParams: 100,
  batchTags: 100,
  batchTotal: 1000,
} as const

export type KeyKind = 'metric' | 'param' | 'tag'

/** Keys become parts of paths in MLflow's file layout, so they are kept to normal relative paths. */
export function checkKey(kind: KeyKind, key: string): void {
  const at = `${kind}s`
  if (key === '') fail('invalid_input', `A ${kind} has an empty name.`, { at })
  if (lengthOf(key) > limits.keyLength) {
    fail(
      'invalid_input',
      `The ${kind} name "${key.slice(0, 40)}…" has ${lengthOf(key)} characters; the limit is ${limits.keyLength}.`,
      { at },
    )
  }
  if (!/^[\p{L}\p{N}_/.\- :]+$/u.test(key)) {
    fail('invalid_input', `Invalid ${kind} name: "${key}".`, {
      at,
      hint: 'Names may have letters, digits, underscores, dashes, periods, spaces, colons and slashes.',
    })
  }
  if (!isNormalPath(key)) {
    fail('invalid_input', `Invalid ${kind} name: "${key}".`, {
      at,
      hint: 'A name must be a normal relative path: no "..", no "//", no "/" at its ends.',
    })
  }
}

export function isNormalPath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/** Cut silently, as MLflow does by default: a long value must not end a training. */
export function cutParam(value: string): string {
  return cut(value, limits.paramValueLength)
}

export function cutTag(value: string): string {
  return cut(value, limits.tagValueLength)
}

export function checkExperimentName(name: string): void {
  if (name === '') fail('invalid_input', 'An experiment needs a name.', { at: 'name' })
  if (lengthOf(name) <= limits.experimentNameLength) return
  fail(
    'invalid_input',
    `The experiment name has ${lengthOf(name)} characters; the limit is ${limits.experimentNameLength}.`,
    { at: 'name' },
  )
}

export function checkExperimentTags(tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    checkKey('tag', key)
    if (lengthOf(value) > limits.experimentTagValueLength) {
      fail(
        'invalid_input',
        `The tag "${key}" has ${lengthOf(value)} characters; the limit is ${limits.experimentTagValueLength}.`,
        { at: 'tags' },
      )
    }
  }
}

export interface BatchSizes {
  readonly metrics: number
  readonly params: number
  readonly tags: number
}

export function checkBatchSizes({ metrics, params, tags }: BatchSizes): void {
  checkCount('metrics', metrics, limits.batchMetrics)
  checkCount('params', params, limits.batchParams)
  checkCount('tags', tags, limits.batchTags)
  checkCount('metrics, params and tags together', metrics + params + tags, limits.batchTotal)
}

/** One run, one name: the name given and the name in the tag must agree. */
export function runNameOf(
  name: string | undefined,
  tags: Readonly<Record<string, string>>,
): string | undefined {
  const tagged = tags[reservedTags.runName]
  const given = name === '' ? undefined : name
  if (given !== undefined && tagged !== undefined && given !== tagged) {
    fail(
      'invalid_input',
      `The run is named "${given}" and its tag ${reservedTags.runName} says "${tagged}"; they must be the same.`,
      { at: 'name' },
    )
  }
  return given ?? tagged
}

function checkCount(what: string, count: number, limit: number): void {
  if (count <= limit) return
  fail('invalid_input', `The batch has ${count} ${what}; the limit is ${limit}.`, {
    hint: 'Send it in several batches.',
  })
}

/** In characters as people count them, not UTF-16 units. */
function lengthOf(text: string): number {
  return /[\uD800-\uDFFF]/.test(text) ? Array.from(text).length : text.length
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  return lengthOf(text) <= limit ? text : Array.from(text).slice(0, limit).join('')
}
