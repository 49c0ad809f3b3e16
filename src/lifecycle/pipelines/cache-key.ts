import { hashText } from './source-digest.ts'

/**
 * Everything that decides what a step makes, by cause. Kept beside each step run, so that the next run can say which of
 * them changed.
 */
export interface CacheParts {
  /** The kind and its version, such as `sql/1`. */
  readonly kind: string
  /** File or fragment → digest. */
  readonly code: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, { readonly digest: string; readonly label: string }>>
  /** Name → value as JSON text. */
  readonly parameters: Readonly<Record<string, string>>
  /** What it is → value or digest; values of variables are always digests. */
  readonly environment: Readonly<Record<string, string>>
}

/** The same key means that the outputs can be taken over. Labels are for people and do not count. */
export function cacheKeyOf(parts: CacheParts): string {
  const data = Object.fromEntries(Object.entries(parts.data).map(([name, { digest }]) => [name, digest]))
  return hashText(canonicalJson({ ...parts, data }))
}

/** JSON with sorted keys, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`)
  return `{${fields.join(',')}}`
}

/** Nested settings as one level, `candidates[0].seed` → JSON text, so that a change can be named. */
export function flatSettings(value: unknown, path = ''): Record<string, string> {
  if (Array.isArray(value) && value.length > 0) {
    return Object.assign(
      {},
      ...value.map((item, index) => flatSettings(item, `${path}[${index}]`)),
    ) as Record<string, string>
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    const fields = Object.entries(value).map(([name, field]) =>
      flatSettings(field, path === '' ? name : `${path}.${name}`),
    )
    return Object.assign({}, ...fields) as Record<string, string>
  }
  return value === undefined ? {} : { [path === '' ? 'value' : path]: canonicalJson(value) }
}

/** What changed between two runs of a step, one line a thing: `code: sql/prepare.sql changed (a1b2c3d → c3d4e5f)`. */
export function changesBetween(before: CacheParts, after: CacheParts): string[] {
  const data = (parts: CacheParts): Record<string, string> =>
    Object.fromEntries(Object.entries(parts.data).map(([name, { digest }]) => [name, digest]))
  const shownData = (name: string): string => {
    const [left, right] = [before.data[name], after.data[name]]
    if (left === undefined || right === undefined) return ''
    const labels = left.label !== right.label
    return labels ? ` (${left.label} → ${right.label})` : ` (${short(left.digest)} → ${short(right.digest)})`
  }
  const shownValue =
    (left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>) =>
    (name: string): string =>
      ` (${short(left[name] ?? '')} → ${short(right[name] ?? '')})`
  return [
    ...(before.kind === after.kind ? [] : [`code: the step kind changed (${before.kind} → ${after.kind})`]),
    ...differences('code', [before.code, after.code], shownValue(before.code, after.code)),
    ...differences('data', [data(before), data(after)], shownData),
    ...differences(
      'parameters',
      [before.parameters, after.parameters],
      shownValue(before.parameters, after.parameters),
    ),
    ...differences('environment', [before.environment, after.environment], (name) =>
      // Digests of secrets tell nothing to a reader.
      name.startsWith('$') ? '' : shownValue(before.environment, after.environment)(name),
    ),
  ]
}

type Values = Readonly<Record<string, string>>

function differences(
  cause: string,
  [before, after]: readonly [Values, Values],
  shown: (name: string) => string,
): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) => {
    if (before[name] === after[name]) return []
    if (before[name] === undefined) return [`${cause}: ${name} is new`]
    if (after[name] === undefined) return [`${cause}: ${name} is gone`]
    return [`${cause}: ${name} changed${shown(name)}`]
  })
}

function short(value: string): string {
  if (value.startsWith('sha256:')) return value.slice(7, 14)
  return value.length > 40 ? `${value.slice(0, 39)}…` : value
}
