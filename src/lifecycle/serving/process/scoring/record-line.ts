import { shareKept } from '../../deployment/log.ts'
import type { RowBatch } from '../../model-runtime-point.ts'
import type { DeploymentPlan, VariantPlan } from '../../plan.ts'
import type { ScoredSlice } from '../models/batch-queue.ts'
import { outputText, valueText } from '../protocols/output-text.ts'
import { bucketOf } from '../routing/traffic-split.ts'
import { blockStart, type RowSchema, type SchemaField } from '../rows/row-schema.ts'

/** What the log says about one row besides its inputs and outputs. */
export interface RowFacts {
  readonly id: string
  readonly requestId: string
  readonly time: number
  readonly eventTime: number | undefined
  readonly key: string | undefined
  readonly latencyMs: number
  readonly traceId: string | undefined
  readonly caller: string | undefined
  /** Kept whatever the sample is, so it stands for itself only. */
  readonly isAsked: boolean
}

/** How one variant is logged. */
export interface RecordFormat {
  /** Whether a prediction is in the sample: by its id alone, so that a shadow keeps what the live variant keeps. */
  keeps(id: string): boolean
  line(row: number, rows: { batch: RowBatch; scored: ScoredSlice }, facts: RowFacts): string
}

/** Hashes the text of a value; what `hash` columns become. */
export type TextHash = (text: string) => string

/** Of a `Date`, in epoch milliseconds. */
const latestTime = 8.64e15

/** As masked values are shown elsewhere: what a column with the rule `hash` becomes without a key. */
const hidden = '***'

/**
 * Prepares the lines of one variant as a `PredictionRecord` each. Put together by hand, because `JSON.stringify` of the
 * same shape costs several times as much, and this runs for every row.
 */
export function recordFormat(
  { name: deployment, log }: Pick<DeploymentPlan, 'name' | 'log'>,
  { variant, schema }: { readonly variant: VariantPlan; readonly schema: RowSchema },
  hash: TextHash = () => hidden,
): RecordFormat {
  const names = { deployment, variant: variant.name, model: variant.model, version: variant.version }
  const constant = JSON.stringify(names).slice(1, -1)
  const share = shareKept(log, variant)
  const weight = share < 1 && share > 0 ? `,"weight":${1 / share}` : ''
  const { drop, keep, hash: hashed } = log.columns
  const inputs = schema.fields
    .filter(({ name }) => !drop.includes(name) && (keep === 'all' || keep.includes(name)))
    .map((field, index) => ({
      field,
      prefix: `${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`,
      isHashed: hashed.includes(field.name),
    }))
  const outputs = variant.signature.outputs.map((field, index) => ({
    type: field.type,
    prefix: `${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`,
  }))
  return {
    keeps: (id) => share >= 1 || bucketOf('log', id) < share * 100,
    line: (row, { batch, scored }, facts) => {
      let line = `{"id":${JSON.stringify(facts.id)},"request_id":${JSON.stringify(facts.requestId)},"time":${facts.time}`
      if (facts.eventTime !== undefined) line += `,"event_time":${facts.eventTime}`
      line += `,${constant}`
      if (facts.key !== undefined) line += `,"key":${JSON.stringify(facts.key)}`
      line += ',"inputs":{'
      for (const { field, prefix, isHashed } of inputs) {
        const text = inputText(batch, field, row)
        line += prefix + (isHashed && text !== 'null' ? hashedText(text, hash) : text)
      }
      line += '},"outputs":{'
      for (let index = 0; index < outputs.length; index++) {
        const { type, prefix } = outputs[index] as (typeof outputs)[number]
        const column = scored.outputs[index]
        line += prefix + (column === undefined ? 'null' : outputText(column, type, scored.offset + row))
      }
      line += `},"latency_ms":${facts.latencyMs}`
      if (facts.caller !== undefined) line += `,"caller":${JSON.stringify(facts.caller)}`
      if (facts.traceId !== undefined) line += `,"trace_id":"${facts.traceId}"`
      return facts.isAsked ? `${line}}\n` : `${line}${weight}}\n`
    },
  }
}

/** A text is hashed as it is, anything else as JSON writes it: as columns of datasets are. */
function hashedText(text: string, hash: TextHash): string {
  return JSON.stringify(hash(text.startsWith('"') ? (JSON.parse(text) as string) : text))
}

function inputText(batch: RowBatch, field: SchemaField, row: number): string {
  if (field.width === 1 && field.shape === undefined) return cellText(batch, field, row)
  let text = '['
  for (let index = 0; index < field.width; index++) {
    text += (index === 0 ? '' : ',') + cellText(batch, field, row * field.width + index)
  }
  return `${text}]`
}

function cellText(batch: RowBatch, field: SchemaField, index: number): string {
  if (field.type === 'string') {
    const text = (batch.texts[field.column] as readonly string[])[index] as string
    return text === '' ? 'null' : JSON.stringify(text)
  }
  const value = batch.numbers[blockStart(field, batch.rows) + index] as number
  if (Number.isNaN(value)) return 'null'
  const exact = batch.longs?.get(field.column)
  if (exact !== undefined) return String(exact[index])
  if (field.type === 'datetime' && Math.abs(value) <= latestTime) return `"${new Date(value).toISOString()}"`
  return valueText(value, field.type)
}
