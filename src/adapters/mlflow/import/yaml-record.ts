import { isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { fail } from '#contract/errors'

export type YamlValue = string | undefined | readonly YamlValue[] | YamlRecord
export interface YamlRecord {
  readonly [key: string]: YamlValue
}

/**
 * A `meta.yaml` with every scalar as the text it is written as, and null as undefined. MLflow writes YAML 1.1, in which the
 * run id `27e4` is text; a reader of YAML 1.2 would make a number of it.
 */
export function parseYamlRecord(text: string, place: string): YamlRecord {
  const document = parseDocument(text, { schema: 'failsafe', logLevel: 'silent' })
  const problem = document.errors[0]
  if (problem !== undefined) {
    return fail('unreadable_data', `${place} is not YAML: ${problem.message.split('\n')[0]}`)
  }
  const value = valueOf(document.contents, 0)
  if (typeof value === 'object' && !Array.isArray(value)) return value as YamlRecord
  return fail('unreadable_data', `${place} does not hold fields.`)
}

const deepest = 20

function valueOf(node: unknown, depth: number): YamlValue {
  if (depth > deepest) return undefined
  if (isScalar<string>(node)) {
    const text = node.value
    return node.type === 'PLAIN' && /^(?:|~|null|Null|NULL)$/.test(text) ? undefined : text
  }
  if (isSeq(node)) return node.items.map((item) => valueOf(item, depth + 1))
  if (!isMap(node)) return undefined
  return Object.fromEntries(
    node.items.map(({ key, value }) => [isScalar<string>(key) ? key.value : '', valueOf(value, depth + 1)]),
  )
}

export function textOf(record: YamlRecord, key: string): string | undefined {
  const value = record[key]
  return typeof value === 'string' ? value : undefined
}

export function numberOf(record: YamlRecord, key: string): number | undefined {
  const value = Number(textOf(record, key) ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

export function textsOf(value: YamlValue): Record<string, string> {
  if (typeof value !== 'object' || Array.isArray(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
