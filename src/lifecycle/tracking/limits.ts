import { fail } from '#contract/errors'
import { reservedTags } from './contract.ts'

/** MLflow's limits, so that what one of its clients may send fits here and what fits here may go to MLflow. */
export const limits = {
  keyLength: 250,
  paramValueLength: 6000,
  tagValueLength: 8000,
  experimentTagValueLength: 20_000,
  experimentNameLength: 500,
  artifactLocationLength: 2048,
  batchMetrics: 1000,
  batchParams: 100,
  batchTags: 100,
  batchTotal: 1000,
} as const

export type KeyKind = 'metric' | 'param' | 'tag'

const keyTitles = { metric: 'Metric name', param: 'Param key' } as const

/**
 * Keys become parts of paths in MLflow's file layout, so they are kept to normal relative paths. The words are those that
 * MLflow's clients show. `at` is the place of the key in the request.
 */
export function checkKey(kind: KeyKind, key: string, at = 'key'): void {
  if (key === '') missingValue(at)
  if (lengthOf(key) > limits.keyLength) {
    fail(
      'invalid_input',
      `'${kind === 'tag' ? at : keyTitles[kind]}' exceeds the maximum length of ${limits.keyLength} characters`,
      {
        at,
      },
    )
  }
  if (!/^[\p{L}\p{N}_/.\- :]+$/u.test(key)) {
    invalidValue(key, {
      at,
      why: 'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).',
    })
  }
  const path = normalPathOf(key)
  if (path === key && path !== '.' && !path.startsWith('..') && !path.startsWith('/')) return
  invalidValue(key, {
    at,
    why: `Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${path}'`,
  })
}

export function isNormalPath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/** What a file system takes the path for: without empty parts, `.` and what `..` undoes. */
function normalPathOf(path: string): string {
  const root = path.startsWith('/') ? '/' : ''
  const kept: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..' || (root === '' && (kept.length === 0 || kept.at(-1) === '..'))) kept.push(part)
    else kept.pop()
  }
  return root + kept.join('/') || '.'
}

/** In MLflow's words. */
export function missingValue(at: string): never {
  return fail('invalid_input', `Missing value for required parameter '${at}'.`, { at })
}

/** In MLflow's words; a long text is shown in part. */
export function invalidValue(value: unknown, { at, why }: { at: string; why?: string }): never {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 300)) : String(value)
  const reason = why === undefined ? '.' : `: ${why}`
  return fail('invalid_input', `Invalid value ${shown} for parameter '${at}' supplied${reason}`, { at })
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
  checkCount('metrics, params, and tags', metrics + params + tags, limits.batchTotal)
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
  fail(
    'invalid_input',
    `A batch logging request can contain at most ${limit} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
  )
}

/** In characters as people count them, not UTF-16 units. */
function lengthOf(text: string): number {
  return /[\uD800-\uDFFF]/.test(text) ? Array.from(text).length : text.length
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  return lengthOf(text) <= limit ? text : Array.from(text).slice(0, limit).join('')
}
