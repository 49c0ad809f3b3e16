import type { RowBatch } from '../../model-runtime-point.ts'
import type { VariantPlan } from '../../plan.ts'
import type { ScoredSlice } from '../models/batch-queue.ts'
import { outputText, valueText } from '../protocols/output-text.ts'
import type { RowSchema } from '../rows/row-schema.ts'

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
}

export type RecordFormat = (
  row: number,
  rows: { batch: RowBatch; scored: ScoredSlice },
  facts: RowFacts,
) => string

/**
 * Prepares the lines of one variant as a `PredictionRecord` each. Put together by hand, because `JSON.stringify` of the
 * same shape costs several times as much, and this runs for every row.
 */
export function recordFormat(deployment: string, variant: VariantPlan, schema: RowSchema): RecordFormat {
  const names = { deployment, variant: variant.name, model: variant.model, version: variant.version }
  const constant = JSON.stringify(names).slice(1, -1)
  const inputs = schema.fields.map((field, index) => ({
    field,
    prefix: `${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`,
  }))
  const outputs = variant.signature.outputs.map((field, index) => ({
    type: field.type,
    prefix: `${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`,
  }))
  return (row, { batch, scored }, facts) => {
    let line = `{"id":${JSON.stringify(facts.id)},"request_id":${JSON.stringify(facts.requestId)},"time":${facts.time}`
    if (facts.eventTime !== undefined) line += `,"event_time":${facts.eventTime}`
    line += `,${constant}`
    if (facts.key !== undefined) line += `,"key":${JSON.stringify(facts.key)}`
    line += ',"inputs":{'
    for (const { field, prefix } of inputs) line += prefix + inputText(batch, field, row)
    line += '},"outputs":{'
    for (let index = 0; index < outputs.length; index++) {
      const { type, prefix } = outputs[index] as (typeof outputs)[number]
      const column = scored.outputs[index]
      line += prefix + (column === undefined ? 'null' : outputText(column, type, scored.offset + row))
    }
    line += `},"latency_ms":${facts.latencyMs}`
    if (facts.caller !== undefined) line += `,"caller":${JSON.stringify(facts.caller)}`
    if (facts.traceId !== undefined) line += `,"trace_id":"${facts.traceId}"`
    return `${line}}\n`
  }
}

function inputText(batch: RowBatch, field: RowSchema['fields'][number], row: number): string {
  if (field.type === 'string') {
    const text = (batch.texts[field.column] as readonly string[])[row] as string
    return text === '' ? 'null' : JSON.stringify(text)
  }
  const value = batch.numbers[field.column * batch.rows + row] as number
  if (field.type === 'datetime') return Number.isNaN(value) ? 'null' : `"${new Date(value).toISOString()}"`
  return valueText(value, field.type)
}
