import { fail } from '#contract/errors'
import { parseJsonBody } from '../http/json-body.ts'
import {
  headerText,
  jsonAnswer,
  objectOf,
  optionalText,
  optionalTime,
  type HttpAnswer,
  type HttpCall,
} from '../http/http-call.ts'
import { outputText } from './output-text.ts'
import { callFacts } from '../scoring/request-facts.ts'
import { predictRows, type ScoredVariantRows, type VariantRows } from '../scoring/predict-rows.ts'
import { batchFromRecords } from '../rows/record-batch.ts'
import type { ServedDeployment, ServedVariant } from '../routing/served-deployment.ts'
import { variantChooser } from '../routing/variant-choice.ts'
import { deploymentOf, type ServingContext } from '../serving-context.ts'

const knownFields = ['rows', 'ids', 'key', 'keys', 'event_time', 'event_times']

/**
 * `POST /deployments/{name}/predict`: rows as objects in, one object per row out. Each row is routed on its own, by its key
 * or else by its id, so that a request with many rows splits as exactly as many requests would.
 */
export async function predict(context: ServingContext, call: HttpCall, name: string): Promise<HttpAnswer> {
  const deployment = deploymentOf(context, call, name)
  const body = objectOf(parseJsonBody(call.body), 'The body')
  const unknown = Object.keys(body).find((field) => !knownFields.includes(field))
  if (unknown !== undefined) {
    fail('invalid_input', `The body has an unknown field "${unknown.slice(0, 60)}".`, {
      at: unknown.slice(0, 60),
      hint: `Its fields are ${knownFields.join(', ')}; the values of the model go into rows.`,
    })
  }
  const rows = rowsOf(body, deployment)
  const ids = perRow(body['ids'], { at: 'ids', rows: rows.length }, optionalText) ?? []
  refuseRepeated(ids)
  const keys = perRow(body['keys'], { at: 'keys', rows: rows.length }, optionalText)
  const facts = callFacts(call)
  const key = optionalText(body['key'], 'key') ?? facts.key
  const eventTimes = perRow(body['event_times'], { at: 'event_times', rows: rows.length }, optionalTime)
  const eventTime = optionalTime(body['event_time'], 'event_time')
  const rowIds = rows.map((_, position) => ids[position] ?? context.newId())
  const keyOf = (position: number): string | undefined => keys?.[position] ?? key

  const choose = variantChooser(deployment, facts)
  const groups = splitRows(deployment, rows, (position) =>
    choose(keyOf(position), rowIds[position] as string),
  )
  call.metrics = groups.map((group) => group.variant.metrics)
  const scored = await predictRows({ deployment, clock: context.clock }, groups, {
    ...facts,
    requestId:
      headerText(call.headers, 'x-request-id') ??
      (rowIds.length === 1 ? (rowIds[0] as string) : context.newId()),
    id: (position) => rowIds[position] as string,
    keyOf,
    eventTimeOf: (position) => eventTimes?.[position] ?? eventTime,
  })
  return jsonAnswer(predictionsText(rowIds, scored))
}

function rowsOf(body: Readonly<Record<string, unknown>>, { plan }: ServedDeployment): readonly unknown[] {
  const rows = body['rows']
  if (!Array.isArray(rows) || rows.length === 0) {
    return fail('invalid_input', 'rows is missing or empty; a list of objects is expected.', {
      at: 'rows',
      hint: 'For example {"rows": [{"<field>": <value>}]}.',
    })
  }
  if (rows.length <= plan.limits.rowsPerRequest) return rows
  return fail(
    'payload_too_large',
    `${rows.length} rows are more than the ${plan.limits.rowsPerRequest} of limits.rowsPerRequest.`,
  )
}

function perRow<Value>(
  list: unknown,
  { at, rows }: { readonly at: string; readonly rows: number },
  read: (value: unknown, at: string) => Value | undefined,
): readonly (Value | undefined)[] | undefined {
  if (list === undefined || list === null) return undefined
  if (!Array.isArray(list) || list.length !== rows) {
    return fail(
      'invalid_input',
      `${at} has ${Array.isArray(list) ? list.length : 'no'} entries; one for each of the ${rows} rows is expected.`,
      { at },
    )
  }
  return list.map((value: unknown, index) => read(value, `${at}[${index}]`))
}

function refuseRepeated(ids: readonly (string | undefined)[]): void {
  const seen = new Set<string>()
  for (const [index, id] of ids.entries()) {
    if (id === undefined) continue
    if (seen.has(id))
      fail('invalid_input', `ids[${index}] is used twice in one request.`, { at: `ids[${index}]` })
    seen.add(id)
  }
}

/** Rows by variant; every row is checked against its variant's signature before any is scored. */
function splitRows(
  deployment: ServedDeployment,
  rows: readonly unknown[],
  variantOf: (position: number) => ServedVariant,
): readonly VariantRows[] {
  const [only] = deployment.variants
  if (deployment.variants.length === 1 && only !== undefined) {
    return [{ variant: only, batch: checkedRows(only, rows, (row) => row), positions: undefined }]
  }
  const positionsOf = new Map<ServedVariant, number[]>()
  for (let position = 0; position < rows.length; position++) {
    const variant = variantOf(position)
    const positions = positionsOf.get(variant)
    if (positions === undefined) positionsOf.set(variant, [position])
    else positions.push(position)
  }
  return [...positionsOf].map(([variant, positions]) => ({
    variant,
    positions,
    batch: checkedRows(
      variant,
      positions.map((position) => rows[position]),
      (row) => positions[row] as number,
    ),
  }))
}

function checkedRows(
  variant: ServedVariant,
  rows: readonly unknown[],
  positionOf: (row: number) => number,
): VariantRows['batch'] {
  return variant.outcomes.reading(() =>
    batchFromRecords(variant.schema, rows, {
      unknownFields: 'refuse',
      place: (row, field) => `rows[${positionOf(row)}]${field === '' ? '' : `.${field.slice(0, 60)}`}`,
    }),
  )
}

function predictionsText(ids: readonly string[], groups: readonly ScoredVariantRows[]): string {
  const texts = ids.map(() => '')
  for (const { variant, scored, positions } of groups) {
    const names = variant.plan.signature.outputs.map(({ name, type }) => ({
      prefix: `${JSON.stringify(name)}:`,
      type,
    }))
    const tail = `"variant":"${variant.name}","version":${variant.plan.version}}`
    for (let row = 0; row < scored.rows; row++) {
      const position = positions === undefined ? row : (positions[row] as number)
      let text = `{"id":${JSON.stringify(ids[position])},`
      for (let index = 0; index < names.length; index++) {
        const { prefix, type } = names[index] as (typeof names)[number]
        text += `${prefix}${outputText(scored.outputs[index] as (typeof scored.outputs)[number], type, scored.offset + row)},`
      }
      texts[position] = text + tail
    }
  }
  return `{"predictions":[${texts.join(',')}]}`
}
