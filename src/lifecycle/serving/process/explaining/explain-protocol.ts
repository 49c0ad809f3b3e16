import { fail } from '#contract/errors'
import { createGiveWay } from '#platform/give-way'
import {
  headerText,
  jsonAnswer,
  objectOf,
  optionalText,
  type HttpAnswer,
  type HttpCall,
} from '../http/http-call.ts'
import { parseJsonBody } from '../http/json-body.ts'
import type { ServedDeployment, ServedVariant } from '../routing/served-deployment.ts'
import { variantOfVersion } from '../routing/served-deployment.ts'
import { chooseVariant } from '../routing/variant-choice.ts'
import { batchFromRecords } from '../rows/record-batch.ts'
import { recordsOfRows } from '../rows/row-lists.ts'
import { callFacts, type CallFacts } from '../scoring/request-facts.ts'
import { deploymentOf, type ServingContext } from '../serving-context.ts'
import { findCounterfactual } from './counterfactual.ts'
import { explainRows, withModel, type RowExplanation } from './explain-rows.ts'
import { optionNames, readOptions, type ExplainOptions } from './explain-request.ts'
import { contributionsOf, reasonCodes } from './reasons.ts'

/** Each answer is long: more at once would fill the memory of the process. */
const mostRows = 10_000
const knownFields = ['rows', 'ids', 'key', ...optionNames]

/** `POST /deployments/{name}/explain`: rows as objects in, why each gets its answer out. Nothing of it is logged. */
export async function explain(context: ServingContext, call: HttpCall, name: string): Promise<HttpAnswer> {
  const body = objectOf(parseJsonBody(call.body), 'The body')
  refuseUnknownFields(body, knownFields)
  return answerExplain(context, call, { name, body, rows: body['rows'], at: 'rows' })
}

/** KServe's first protocol: `POST /v1/models/{m}:explain` with `instances`; our options stand beside them. */
export async function kserveExplain(
  context: ServingContext,
  call: HttpCall,
  name: string,
): Promise<HttpAnswer> {
  const body = objectOf(parseJsonBody(call.body), 'The body')
  return answerExplain(context, call, { name, body, rows: body['instances'], at: 'instances' })
}

interface Asked {
  readonly name: string
  readonly body: Readonly<Record<string, unknown>>
  readonly rows: unknown
  readonly at: 'rows' | 'instances'
}

async function answerExplain(context: ServingContext, call: HttpCall, asked: Asked): Promise<HttpAnswer> {
  const { name, body, at } = asked
  const deployment = deploymentOf(context, call, name)
  // Explanations are slower than predictions, and must not look like slow ones where variants are judged.
  call.metrics = []
  const { explanations } = context.metrics
  const startedAt = performance.now()
  try {
    const rows = rowsOf(asked, deployment)
    const options = readOptions(body)
    const ids = idsOf(body['ids'], rows.length)
    const read = callFacts(call)
    const facts = { ...read, key: optionalText(body['key'], 'key') ?? read.key }
    const requestId = headerText(call.headers, 'x-request-id') ?? ids?.[0] ?? context.newId()
    const variant =
      options.version === undefined
        ? chooseVariant(deployment, facts, requestId)
        : variantOfVersion(deployment, options.version)
    const batch = batchFromRecords(variant.schema, recordsOfRows(rows, variant.schema, at), {
      unknownFields: 'refuse',
      place: (row, field) => `${at}[${row}]${field === '' ? '' : `.${field.slice(0, 60)}`}`,
    })
    const explained = await explainBatch(
      { context, deployment, variant, facts, batch },
      { options, requestId, ids },
    )
    explanations.count({
      deployment: name,
      variant: variant.name,
      method: explained.method,
      rows: rows.length,
      seconds: (performance.now() - startedAt) / 1000,
    })
    const { model, version } = variant.plan
    const head = JSON.stringify({ model, variant: variant.name, version }).slice(0, -1)
    return {
      ...jsonAnswer(`${head},"explanations":[${explained.texts.join(',')}]}`),
      headers: { 'x-request-id': requestId, 'x-devmlops-version': String(version) },
    }
  } catch (error) {
    explanations.failed(name)
    throw error
  }
}

interface Explaining {
  readonly context: ServingContext
  readonly deployment: ServedDeployment
  readonly variant: ServedVariant
  readonly facts: CallFacts
  readonly batch: ReturnType<typeof batchFromRecords>
}

interface Wanted {
  readonly options: ExplainOptions
  readonly requestId: string
  readonly ids: readonly string[] | undefined
}

function explainBatch(
  { context, deployment, variant, facts, batch }: Explaining,
  { options, requestId, ids }: Wanted,
) {
  const { budgetRows, budgetMs } = deployment.plan.explain
  return withModel({ deployment, variant, batch, facts, clock: context.clock }, async (model) => {
    const explanations = await explainRows(model, { requestId, budgetRows, budgetMs, class: options.class })
    const { fields } = model.schema
    const codes = reasonCodes(fields)
    const { counterfactual } = options
    const endAt = Math.min(model.deadlineAt, performance.now() + budgetMs)
    const texts: string[] = []
    const giveWay = createGiveWay()
    for (const [row, explanation] of explanations.entries()) {
      const of = { batch: model.batch, fields, codes, isChance: model.output.isChance }
      const contributions = contributionsOf(explanation, row, of)
      const reasons = contributions.filter(({ contribution }) => contribution !== 0).slice(0, options.top)
      const answer = {
        ...(ids === undefined ? {} : { id: ids[row] }),
        ...scoresOf(explanation, model.output.name),
        contributions,
        reasons: reasons.map(({ reason }) => reason),
        reason_codes: reasons.map(({ code }) => code),
        ...(counterfactual === undefined
          ? {}
          : {
              counterfactual: await findCounterfactual(model, {
                row,
                asked: counterfactual,
                budgetRows,
                endAt,
              }),
            }),
      }
      texts.push(JSON.stringify(answer))
      await giveWay()
    }
    return { texts, method: explanations[0]?.method ?? '' }
  })
}

function scoresOf(explanation: RowExplanation, output: string) {
  const { score, raw, base, scale, label, method, comparedWith, additivityError, permutations } = explanation
  return {
    output,
    ...(label === undefined ? {} : { class: label }),
    score,
    scale,
    raw_score: raw,
    base_value: base,
    method,
    compared_with: comparedWith,
    additivity_error: additivityError,
    ...(permutations === undefined ? {} : { permutations }),
  }
}

function rowsOf({ rows, at }: Asked, { plan }: ServedDeployment): readonly unknown[] {
  if (!Array.isArray(rows) || rows.length === 0) {
    return fail('invalid_input', `${at} is missing or empty; a list of rows is expected.`, {
      at,
      hint: `For example {"${at}": [{"<field>": <value>}]}.`,
    })
  }
  const limit = Math.min(mostRows, plan.limits.rowsPerRequest)
  if (rows.length <= limit) return rows
  return fail(
    'payload_too_large',
    `${rows.length} rows are more than the ${limit} that are explained at once.`,
  )
}

function idsOf(ids: unknown, rows: number): readonly string[] | undefined {
  if (ids === undefined || ids === null) return undefined
  if (!Array.isArray(ids) || ids.length !== rows)
    return fail('invalid_input', `ids is not a list with one for each of the ${rows} rows.`, { at: 'ids' })
  return ids.map((id: unknown, row) => optionalText(id, `ids[${row}]`) ?? '')
}

function refuseUnknownFields(body: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const unknown = Object.keys(body).find((field) => !known.includes(field))
  if (unknown === undefined) return
  fail('invalid_input', `The body has an unknown field "${unknown.slice(0, 60)}".`, {
    at: unknown.slice(0, 60),
    hint: `Its fields are ${known.join(', ')}; the values of the model go into rows.`,
  })
}
