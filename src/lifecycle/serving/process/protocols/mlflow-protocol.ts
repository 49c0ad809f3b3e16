import { fail } from '#contract/errors'
import { readTextCell } from '../rows/cell-value.ts'
import { parseCsvBody } from './csv-body.ts'
import { headerText, jsonAnswer, objectOf, type HttpAnswer, type HttpCall } from '../http/http-call.ts'
import { parseJsonBody } from '../http/json-body.ts'
import { predictionsText } from './predictions-text.ts'
import { modelNames } from './server-facts.ts'
import { predictRows, type ScoredVariantRows } from '../scoring/predict-rows.ts'
import { callFacts, oneIdForAll } from '../scoring/request-facts.ts'
import { batchFromRecords } from '../rows/record-batch.ts'
import { positionalRecord, recordsOfRows } from '../rows/row-lists.ts'
import type { RowSchema } from '../rows/row-schema.ts'
import { chooseVariant } from '../routing/variant-choice.ts'
import { deploymentOf, type ServingContext } from '../serving-context.ts'

/**
 * MLflow's scoring server (`mlflow models serve`): `/invocations` in its four JSON forms, as CSV and as Parquet. Columns that the
 * signature does not have are passed over, as MLflow does.
 */
export async function invocations(
  context: ServingContext,
  call: HttpCall,
  name: string,
): Promise<HttpAnswer> {
  const deployment = deploymentOf(context, call, name)
  const form = bodyForm(call)
  const id = headerText(call.headers, 'x-request-id') ?? context.newId()
  const facts = callFacts(call)
  const variant = chooseVariant(deployment, facts, id)
  call.metrics = [variant.metrics]
  const { rowsPerRequest } = deployment.plan.limits
  const records =
    form === 'parquet'
      ? await context.parquet.read(call.body, variant.schema, rowsPerRequest)
      : form === 'csv'
        ? csvRecords(call.body, variant.schema)
        : jsonRecords(parseJsonBody(call.body), variant.schema)
  if (records.length === 0) fail('invalid_input', 'The request has no rows.')
  if (records.length > rowsPerRequest)
    fail(
      'payload_too_large',
      `${records.length} rows are more than the ${rowsPerRequest} of limits.rowsPerRequest.`,
    )
  const batch = variant.outcomes.reading(() =>
    batchFromRecords(variant.schema, records, {
      unknownFields: 'ignore',
      place: (row, field) => (field === '' ? `row ${row}` : `row ${row}, column "${field.slice(0, 60)}"`),
    }),
  )
  const [scored] = await predictRows(
    { deployment, clock: context.clock },
    [{ variant, batch, positions: undefined }],
    oneIdForAll(facts, id, batch.rows),
  )
  const answer = jsonAnswer(predictionsText(scored as ScoredVariantRows))
  // MLflow's answer has no place for them, and labels that come later need the id.
  return { ...answer, headers: { 'x-request-id': id, 'x-devmlops-version': String(variant.plan.version) } }
}

/** `/invocations` without a name, which is all that MLflow's clients know. */
export function onlyDeployment(context: ServingContext): string {
  const names = modelNames(context)
  if (names.length === 1) return names[0] as string
  if (names.length === 0) return fail('not_ready', 'Nothing is deployed yet.')
  return fail('invalid_input', `This server has ${names.length} deployments, so the path must name one.`, {
    hint: `Send it to ${names.map((name) => `/deployments/${name}/invocations`).join(' or ')}.`,
  })
}

export function ping(context: ServingContext): HttpAnswer {
  return { status: context.ready() ? 200 : 503, type: 'text/plain', body: '\n' }
}

function bodyForm({ headers }: HttpCall): 'json' | 'csv' | 'parquet' {
  const [type = '', ...parameters] = (headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase())
  const charset = parameters.find((parameter) => parameter !== '' && !/^charset="?utf-?8"?$/.test(parameter))
  if (charset === undefined && type === 'application/json') return 'json'
  if (charset === undefined && type === 'text/csv') return 'csv'
  if (charset === undefined && type === 'application/vnd.apache.parquet') return 'parquet'
  return fail(
    'unsupported_media_type',
    `This predictor does not read "${(headers['content-type'] ?? 'a body without a content type').slice(0, 100)}".`,
    {
      hint: 'Supported: application/json, text/csv and application/vnd.apache.parquet, with charset=utf-8 at most.',
    },
  )
}

const jsonForms = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const

function jsonRecords(body: unknown, schema: RowSchema): readonly unknown[] {
  const request = objectOf(body, 'The body')
  const present = jsonForms.filter((form) => Object.hasOwn(request, form))
  const [form] = present
  if (present.length !== 1 || form === undefined) {
    const found = present.length === 0 ? 'none' : present.join(' and ')
    return fail(
      'invalid_input',
      `The body must have exactly one of ${jsonForms.join(', ')}; it has ${found}.`,
    )
  }
  if (Object.hasOwn(request, 'signature_name'))
    fail('invalid_input', 'signature_name is not supported.', { at: 'signature_name' })
  const { params } = request
  // Requests are scored together, so that one cannot have parameters of its own. Ignoring them would answer something else.
  if (typeof params === 'object' && params !== null && Object.keys(params).length > 0) {
    fail('invalid_input', 'params are not supported: a model is scored with the defaults of its signature.', {
      at: 'params',
    })
  }
  const value = request[form]
  switch (form) {
    case 'dataframe_split':
      return splitRecords(objectOf(value, form), schema)
    case 'dataframe_records':
      return Array.isArray(value)
        ? value
        : fail('invalid_input', 'dataframe_records is not a list of objects.', { at: form })
    case 'instances':
      return Array.isArray(value)
        ? recordsOfRows(value, schema, form)
        : fail('invalid_input', 'instances is not a list.', { at: form })
    case 'inputs':
      return Array.isArray(value) ? recordsOfRows(value, schema, form) : columnRecords(value, schema)
  }
}

function splitRecords(split: Readonly<Record<string, unknown>>, schema: RowSchema): readonly unknown[] {
  const unknown = Object.keys(split).find((name) => name !== 'columns' && name !== 'data' && name !== 'index')
  if (unknown !== undefined)
    fail('invalid_input', `dataframe_split has an unknown field "${unknown.slice(0, 60)}".`)
  const { data, columns } = split
  if (!Array.isArray(data))
    return fail('invalid_input', 'dataframe_split.data is not a list of rows.', {
      at: 'dataframe_split.data',
    })
  const names = columns ?? schema.fields.map((field) => field.name)
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    return fail('invalid_input', 'dataframe_split.columns is not a list of names.', {
      at: 'dataframe_split.columns',
    })
  }
  return data.map((row: unknown, index) =>
    positionalRecord(row, names as string[], `dataframe_split.data[${index}]`),
  )
}

/** `inputs` as an object: a list per column, or a bare value per column for one row. */
function columnRecords(value: unknown, schema: RowSchema): readonly unknown[] {
  const columns = objectOf(value, 'inputs')
  const lists = schema.fields
    .filter((field) => Object.hasOwn(columns, field.name))
    .map(({ name }) => ({
      name,
      list: Array.isArray(columns[name]) ? (columns[name] as readonly unknown[]) : [columns[name]],
    }))
  const rows = lists[0]?.list.length ?? 1
  const uneven = lists.find(({ list }) => list.length !== rows)
  if (uneven !== undefined) {
    fail(
      'invalid_input',
      `inputs.${uneven.name} has ${uneven.list.length} values, inputs.${lists[0]?.name ?? ''} has ${rows}.`,
      { at: `inputs.${uneven.name}` },
    )
  }
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(lists.map(({ name, list }) => [name, list[row]])),
  )
}

function csvRecords(body: Buffer, schema: RowSchema): readonly unknown[] {
  const [header = [], ...rows] = parseCsvBody(body).filter((row) => row.length > 1 || row[0] !== '')
  return rows.map((row, index) => {
    if (row.length !== header.length)
      fail('invalid_input', `row ${index} has ${row.length} values; the header has ${header.length}.`)
    return Object.fromEntries(
      header.map((name, column) => {
        const field = schema.byName.get(name)
        const text = row[column] as string
        return [name, field === undefined ? text : readTextCell(field.type, text)]
      }),
    )
  })
}
