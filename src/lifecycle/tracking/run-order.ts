import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'

const runAttributes = ['run_id', 'run_name', 'status', 'user_id', 'start_time', 'end_time'] as const
export type RunAttribute = (typeof runAttributes)[number]

/** By what runs are sorted. Missing values come last, NaN before them; then newest first, then by id. */
export interface RunOrder {
  readonly by:
    | { readonly attribute: RunAttribute }
    | { readonly metric: string }
    | { readonly param: string }
    | { readonly tag: string }
  readonly descending: boolean
}

const prefixes: Readonly<Record<string, 'metric' | 'param' | 'tag' | 'attribute'>> = {
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
}

/** Reads `metrics.roc_auc desc`, `params."learning rate"`, `start_time asc`, in MLflow's way of writing them. */
export function parseRunOrder(text: string): RunOrder {
  const [, field = '', direction = ''] = /^\s*(.+?)(?:\s+(asc|desc))?\s*$/i.exec(text) ?? []
  const descending = direction.toLowerCase() === 'desc'
  const dot = field.indexOf('.')
  if (dot === -1) return { by: { attribute: attributeOf(unquoted(field)) }, descending }
  const kind = prefixes[field.slice(0, dot)]
  const key = unquoted(field.slice(dot + 1))
  if (kind === undefined || key === '') {
    fail('invalid_input', `Runs cannot be sorted by "${field}".`, {
      at: 'orderBy',
      hint: 'Write "metrics.<name>", "params.<name>", "tags.<name>" or an attribute such as "start_time".',
    })
  }
  if (kind === 'attribute') return { by: { attribute: attributeOf(key) }, descending }
  if (kind === 'metric') return { by: { metric: key }, descending }
  return { by: kind === 'param' ? { param: key } : { tag: key }, descending }
}

function attributeOf(name: string): RunAttribute {
  const known = runAttributes.find((attribute) => attribute === name)
  if (known !== undefined) return known
  if (name === 'created' || name === 'Created') return 'start_time'
  const meant = nearestName(name, runAttributes)
  return fail('invalid_input', `Runs have no attribute "${name}" to sort by.`, {
    at: 'orderBy',
    hint:
      meant === undefined
        ? `Attributes are ${runAttributes.join(', ')}; others are written "metrics.<name>" or "params.<name>".`
        : `Did you mean "${meant}"?`,
  })
}

function unquoted(text: string): string {
  return /^(["`])(.*)\1$/.exec(text)?.[2] ?? text
}
