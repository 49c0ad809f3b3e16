import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { SignatureInput } from '../../plan.ts'
import type { RowSchema } from './row-schema.ts'

/** Fails for the first name that is not in the signature. */
export function refuseUnknown(
  schema: RowSchema,
  names: readonly string[],
  place: (name: string) => string,
): void {
  const unknown = names.find((name) => !schema.byName.has(name))
  if (unknown === undefined) return
  const nearest = nearestName(unknown, [...schema.byName.keys()])
  fail('invalid_input', `${place(unknown)}: the model has no field "${clip(unknown)}".`, {
    at: place(unknown),
    hint: nearest === undefined ? `Its fields are ${fieldNames(schema)}.` : `Did you mean "${nearest}"?`,
  })
}

export function failMissing(field: SignatureInput, at: string): never {
  return fail('invalid_input', `${at} is missing; the model requires it as ${withArticle(field.type)}.`, {
    at,
  })
}

export function failCell(
  field: SignatureInput,
  value: unknown,
  detail: { readonly at: string; readonly expected: string },
): never {
  return fail(
    'invalid_input',
    `${detail.at} is ${describe(value)}, but the field is ${withArticle(field.type)}: ${detail.expected}.`,
    { at: detail.at },
  )
}

export function describe(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `the text ${JSON.stringify(clip(value))}`
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'bigint' ? clip(String(value)) : `a ${typeof value}`
}

function withArticle(type: SignatureInput['type']): string {
  return type === 'integer' ? 'an integer' : `a ${type}`
}

/** Names of the fields in the order of the signature; of wide models the first ones. */
export function fieldNames({ fields }: RowSchema): string {
  const shown = fields.slice(0, 20).map((field) => field.name)
  return fields.length > shown.length
    ? `${shown.join(', ')} and ${fields.length - shown.length} more`
    : shown.join(', ')
}

export function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
