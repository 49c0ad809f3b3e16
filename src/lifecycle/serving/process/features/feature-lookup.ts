import { fail } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { FeatureLookup } from '../../deployment/features.ts'
import type { RowBatch } from '../../model-runtime-point.ts'
import { blockStart, rowSchema, type RowSchema, type SchemaField } from '../rows/row-schema.ts'
import type { FeatureValues } from './feature-values.ts'

type Cell = string | number | boolean | null

/**
 * Fills what a client left out, in place, and answers the part of the batch that the model takes.
 *
 * @param now epoch milliseconds; decides which values are too old
 */
export type PrepareBatch = (batch: RowBatch, now: number) => RowBatch

/**
 * What clients send: the model's fields, of which those that are looked up may be left out, and after them the fields of
 * keys that the model does not take. So the model's batch is the beginning of the request's.
 */
export function requestSignature(
  signature: ModelSignature,
  lookups: readonly FeatureLookup[],
): ModelSignature {
  const filled = new Set(lookups.flatMap(({ fields }) => fields.map(({ field }) => field)))
  const inputs = signature.inputs.map((input) =>
    filled.has(input.name) ? { ...input, required: false } : input,
  )
  const known = new Set(inputs.map(({ name }) => name))
  const keys = lookups.flatMap(({ key }) => key).filter(({ field }) => !known.has(field))
  const extra = [...new Map(keys.map(({ field, type }) => [field, type]))]
  return {
    ...signature,
    inputs: [...inputs, ...extra.map(([name, type]) => ({ name, type, required: true }))],
  }
}

/** Undefined when nothing is looked up, and then the hot path has nothing to do. */
export function featurePreparation(
  model: ModelSignature,
  lookups: readonly FeatureLookup[],
  values: FeatureValues,
): PrepareBatch | undefined {
  if (lookups.length === 0) return undefined
  const modelSchema = rowSchema(model)
  const request = rowSchema(requestSignature(model, lookups))
  const fillers = lookups.map((lookup) => filler(lookup, { request, modelSchema, values }))
  const { numberWidth, textColumns, widths } = modelSchema
  return (batch, now) => {
    for (const fill of fillers) fill(batch, now)
    const { rows, numbers, texts, longs } = batch
    return {
      rows,
      numbers: numbers.subarray(0, rows * numberWidth),
      texts: texts.slice(0, textColumns),
      ...(widths === undefined ? {} : { widths }),
      ...(longs === undefined ? {} : { longs }),
    }
  }
}

interface Surroundings {
  readonly request: RowSchema
  readonly modelSchema: RowSchema
  readonly values: FeatureValues
}

function filler(
  { view, version, key, fields, onMissing }: FeatureLookup,
  { request, modelSchema, values }: Surroundings,
): (batch: RowBatch, now: number) => void {
  const reader = values.reader(view, version)
  const keyFields = key.map(({ field, stored }) => ({ field: fieldOf(request, field), stored }))
  const targets = fields.map(({ field, feature }) => ({
    feature,
    field: fieldOf(request, field),
    isRequired: fieldOf(modelSchema, field).required,
  }))
  const label = (cells: readonly Cell[]): string =>
    keyFields.map(({ field }, i) => `${field.name} ${JSON.stringify(cells[i])}`).join(', ')

  return (batch, now) => {
    for (let row = 0; row < batch.rows; row++) {
      if (targets.every(({ field }) => !isMissing(batch, field, row))) continue
      const cells = keyFields.map(({ field, stored }) => keyCell(batch, field, { row, stored }))
      const { found, at, values: looked } = reader.lookup(cells, now)
      const isStale = found && isAllNull(looked)
      if (onMissing === 'refuse' && (!found || isStale)) {
        fail(
          'invalid_input',
          `row ${row}: ${view} has ${found ? `only values from ${new Date(at ?? 0).toISOString()}, which are too old or missing,` : 'no values'} for ${label(cells)}.`,
          {
            at: `row ${row}`,
            hint: `Send ${targets.map(({ field }) => field.name).join(', ')} with the request.`,
          },
        )
      }
      for (const { feature, field, isRequired } of targets) {
        if (!isMissing(batch, field, row)) continue
        const cell = looked[feature] ?? null
        if (cell !== null) store(batch, field, { row, cell })
        if (isRequired && isMissing(batch, field, row)) {
          fail(
            'invalid_input',
            `row ${row}: "${field.name}" is missing, the model requires it, and ${view} has no ${feature} for ${label(cells)}.`,
            { at: `row ${row}, "${field.name}"`, hint: `Send ${field.name} with the request.` },
          )
        }
      }
    }
  }
}

function fieldOf(schema: RowSchema, name: string): SchemaField {
  return (
    schema.byName.get(name) ??
    fail('invalid_input', `The field "${name}" is looked up, and the model has none of that name.`)
  )
}

function isAllNull(values: Readonly<Record<string, Cell>>): boolean {
  for (const name in values) if (values[name] !== null) return false
  return true
}

function isMissing(batch: RowBatch, field: SchemaField, row: number): boolean {
  if (field.type === 'string') return ((batch.texts[field.column] as readonly string[])[row] as string) === ''
  return Number.isNaN(batch.numbers[blockStart(field, batch.rows) + row])
}

function keyCell(
  batch: RowBatch,
  field: SchemaField,
  { row, stored }: { readonly row: number; readonly stored: FeatureLookup['key'][number]['stored'] },
): Cell {
  if (field.type === 'string') {
    const text = (batch.texts[field.column] as readonly string[])[row] as string
    return stored === 'number' ? Number(text) : stored === 'boolean' ? text === 'true' : text
  }
  const exact = batch.longs?.get(field.column)?.[row]
  const value = batch.numbers[blockStart(field, batch.rows) + row] as number
  if (stored === 'text') return exact === undefined ? String(value) : String(exact)
  return stored === 'boolean' ? value === 1 : value
}

function store(
  batch: RowBatch,
  field: SchemaField,
  { row, cell }: { readonly row: number; readonly cell: string | number | boolean },
): void {
  if (field.type === 'string') {
    ;(batch.texts[field.column] as string[])[row] = String(cell)
    return
  }
  const value = field.type === 'datetime' && typeof cell === 'string' ? Date.parse(cell) : Number(cell)
  batch.numbers[blockStart(field, batch.rows) + row] = value
}
