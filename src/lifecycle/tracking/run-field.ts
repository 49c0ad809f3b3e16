import { fail } from '#contract/errors'
import { fieldName } from '#platform/filter/index'
import { nearestName } from '#platform/nearest-name'

const textAttributes = ['run_id', 'run_name', 'user_id', 'status', 'artifact_uri'] as const
const timeAttributes = ['start_time', 'end_time'] as const
const runAttributes = [...textAttributes, ...timeAttributes] as const
export type TextAttribute = (typeof textAttributes)[number]
export type TimeAttribute = (typeof timeAttributes)[number]

const datasetFields = ['name', 'digest', 'context'] as const
export type DatasetField = (typeof datasetFields)[number]

/** What a filter or an order of runs can name. */
export type RunField =
  | { readonly kind: 'metric' | 'param' | 'tag'; readonly key: string }
  | { readonly kind: 'text'; readonly key: TextAttribute }
  | { readonly kind: 'time'; readonly key: TimeAttribute }
  | { readonly kind: 'dataset'; readonly key: DatasetField }

const prefixes = new Map<string, 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'>([
  ['metric', 'metric'],
  ['metrics', 'metric'],
  ['param', 'param'],
  ['params', 'param'],
  ['parameter', 'param'],
  ['parameters', 'param'],
  ['tag', 'tag'],
  ['tags', 'tag'],
  ['attribute', 'attribute'],
  ['attributes', 'attribute'],
  ['attr', 'attribute'],
  ['run', 'attribute'],
  ['dataset', 'dataset'],
  ['datasets', 'dataset'],
])

/** MLflow's other names of attributes. */
const aliases = new Map<string, (typeof runAttributes)[number]>([
  ['created', 'start_time'],
  ['Created', 'start_time'],
  ['run name', 'run_name'],
  ['Run name', 'run_name'],
  ['Run Name', 'run_name'],
])

/** Fails with `invalid_input` when runs have no such field; `at` is `filter` or `orderBy`. */
export function runFieldOf(
  field: { readonly prefix?: string; readonly key: string },
  at: 'filter' | 'orderBy',
): RunField {
  const { prefix = 'attribute', key } = field
  const kind = prefixes.get(prefix)
  switch (kind) {
    case undefined:
      return fail(
        'invalid_input',
        `Invalid entity type '${shortened(prefix)}'. Valid values are metric, parameter, tag, attribute, dataset.`,
        {
          at,
          hint: 'Write "metrics.<name>", "params.<name>", "tags.<name>" or an attribute such as "start_time".',
        },
      )
    case 'attribute':
      return attributeOf(key, at)
    case 'dataset': {
      const known = datasetFields.find((name) => name === key)
      if (known !== undefined) return { kind, key: known }
      return fail(
        'invalid_input',
        `Invalid dataset key '${shortened(key)}' specified. Valid keys are ${datasetFields.join(', ')}.`,
        { at },
      )
    }
    default:
      if (key !== '') return { kind, key }
      return fail('invalid_input', `Invalid identifier '${fieldName(field)}': it has no key.`, { at })
  }
}

function attributeOf(name: string, at: string): RunField {
  const key = aliases.get(name) ?? name
  const text = textAttributes.find((attribute) => attribute === key)
  if (text !== undefined) return { kind: 'text', key: text }
  const time = timeAttributes.find((attribute) => attribute === key)
  if (time !== undefined) return { kind: 'time', key: time }
  const meant = nearestName(name, runAttributes)
  return fail(
    'invalid_input',
    `Invalid attribute key '${shortened(name)}' specified. Valid keys are ${runAttributes.join(', ')}.`,
    { at, ...(meant === undefined ? {} : { hint: `Did you mean "${meant}"?` }) },
  )
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
