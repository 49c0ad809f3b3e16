import { fail } from '#contract/errors'
import { headerText, jsonAnswer, objectOf, type HttpAnswer, type HttpCall } from '../http/http-call.ts'
import { batchFromRecords } from '../rows/record-batch.ts'
import { recordsOfRows } from '../rows/row-lists.ts'
import { chooseVariant } from '../routing/variant-choice.ts'
import { predictRows, type ScoredVariantRows } from '../scoring/predict-rows.ts'
import { callFacts, oneIdForAll } from '../scoring/request-facts.ts'
import { deploymentOf, type ServingContext } from '../serving-context.ts'
import { readEvent, eventAnswer } from './cloud-event.ts'
import { modelReady } from './inference-protocol.ts'
import { predictionsText } from './predictions-text.ts'

/**
 * KServe's first protocol, which is TensorFlow Serving's: `POST /v1/models/{m}:predict` with a list of `instances`. What came
 * as a CloudEvent is answered as one.
 */
export async function kservePredict(
  context: ServingContext,
  call: HttpCall,
  name: string,
): Promise<HttpAnswer> {
  const deployment = deploymentOf(context, call, name)
  const { event, data } = readEvent(call)
  const rows = instancesOf(data, deployment.plan.limits.rowsPerRequest)
  const id = headerText(call.headers, 'x-request-id') ?? event?.id ?? context.newId()
  const facts = callFacts(call)
  const variant = chooseVariant(deployment, facts, id)
  call.metrics = [variant.metrics]
  const batch = variant.outcomes.reading(() =>
    batchFromRecords(variant.schema, recordsOfRows(rows, variant.schema, 'instances'), {
      unknownFields: 'refuse',
      place: (row, field) => `instances[${row}]${field === '' ? '' : `.${field.slice(0, 60)}`}`,
    }),
  )
  const [scored] = await predictRows(
    { deployment, clock: context.clock },
    [{ variant, batch, positions: undefined }],
    oneIdForAll(facts, id, batch.rows),
  )
  const text = predictionsText(scored as ScoredVariantRows)
  const answer =
    event === undefined ? jsonAnswer(text) : eventAnswer(event, { name, id: context.newId(), text, context })
  const headers = { 'x-request-id': id, 'x-devmlops-version': String(variant.plan.version) }
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

function instancesOf(data: unknown, rowsLimit: number): readonly unknown[] {
  const { instances, inputs } = objectOf(data, 'The body')
  if (inputs !== undefined && instances === undefined) {
    fail('invalid_input', 'inputs, the form by columns, is not supported; send instances, a list of rows.', {
      at: 'inputs',
    })
  }
  if (!Array.isArray(instances) || instances.length === 0) {
    return fail('invalid_input', 'instances is missing or empty; a list of rows is expected.', {
      at: 'instances',
      hint: 'A row is an object of named values, a list in the order of the signature, or one value.',
    })
  }
  if (instances.length <= rowsLimit) return instances
  return fail(
    'payload_too_large',
    `${instances.length} rows are more than the ${rowsLimit} of limits.rowsPerRequest.`,
  )
}

/** `GET /v1/models/{m}`: the same as its readiness in the second protocol. */
export function kserveModel(context: ServingContext, call: HttpCall, name: string): HttpAnswer {
  return modelReady(context, call, { name })
}

export function alive(): HttpAnswer {
  return jsonAnswer('{"status":"alive"}')
}
