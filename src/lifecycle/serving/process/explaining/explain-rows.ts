import { fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { ExplainedRows, ModelExplainer, RowBatch } from '../../model-runtime-point.ts'
import { lowestPriority } from '../models/waiting-line.ts'
import { labelOf } from '../models/load-model.ts'
import type { ResidentModel } from '../models/pooled-model.ts'
import type { ServedDeployment, ServedVariant } from '../routing/served-deployment.ts'
import { openBatch, rowSchema, type RowSchema } from '../rows/row-schema.ts'
import type { CallFacts } from '../scoring/request-facts.ts'
import {
  explainedOutput,
  explainedPlace,
  explainedValues,
  placeOfClass,
  type ExplainedOutput,
  type ExplainedValues,
} from './explained-value.ts'
import { copyBatch } from './mixed-rows.ts'
import { sampledShapley } from './sampled-shapley.ts'

export interface RowExplanation {
  readonly method: ExplainedRows['method'] | 'sampled_shapley'
  /** What base and contributions add up to: the answer itself, or the score before its link. */
  readonly scale: ExplainedRows['scale']
  readonly comparedWith: ExplainedRows['comparedWith'] | 'empty_row'
  /** What is answered to a prediction. */
  readonly score: number
  /** On the scale of the contributions. */
  readonly raw: number
  readonly base: number
  /** By field of the model. */
  readonly contributions: Float64Array
  readonly standardErrors: Float64Array | undefined
  readonly additivityError: number
  readonly permutations: number | undefined
  /** Which value of the output, where it has several, and the label of that class. */
  readonly place: number
  readonly label: string | number | undefined
}

/** A model while rows are explained with it. */
export interface ModelAtHand {
  readonly label: string
  readonly schema: RowSchema
  readonly output: ExplainedOutput
  /** The model's rows, with what was looked up. */
  readonly batch: RowBatch
  readonly values: ExplainedValues
  readonly explainer: ModelExplainer | undefined
  readonly examples: RowBatch | undefined
  /** Asks the model, after everyone who waits for a prediction. */
  score(batch: RowBatch): Promise<ExplainedValues>
  /** In the time of `performance.now()`. */
  readonly deadlineAt: number
}

export interface ExplainCall {
  readonly deployment: ServedDeployment
  readonly variant: ServedVariant
  readonly batch: RowBatch
  readonly facts: CallFacts
  readonly clock: Clock
}

/** Scores the rows, and hands the model over with them for as long as the work takes. */
export function withModel<Result>(
  { deployment, variant, batch: asked, facts, clock }: ExplainCall,
  work: (model: ModelAtHand) => Promise<Result>,
): Promise<Result> {
  const { limits } = deployment.plan
  const label = labelOf(variant.plan)
  const schema = modelSchema(deployment, variant)
  refuseUnexplained(variant, schema, label)
  const terms = { ...facts, priority: lowestPriority }
  return variant.model.use(
    async ({ loaded, examples }: ResidentModel) => {
      const output = explainedOutput(loaded.outputs, label)
      const score: ModelAtHand['score'] = async (batch) =>
        explainedValues(await variant.model.score(batch, limits, terms), output)
      const batch = variant.prepare === undefined ? asked : variant.prepare(asked, clock.now())
      const [values, explainer] = await Promise.all([score(copyBatch(batch)), loaded.explainer?.()])
      const deadlineAt = Math.min(facts.deadlineAt ?? Infinity, facts.startedAt + limits.timeoutMs)
      return work({ label, schema, output, batch, values, explainer, examples, score, deadlineAt })
    },
    limits,
    terms,
  )
}

/** What the model takes: requests may leave out what is looked up, and have keys besides. */
function modelSchema({ plan }: ServedDeployment, variant: ServedVariant): RowSchema {
  if (variant.prepare === undefined) return variant.schema
  const own = plan.variants.find(({ name }) => name === variant.name)
  return rowSchema(own?.signature ?? variant.plan.signature)
}

function refuseUnexplained({ plan }: ServedVariant, { fields }: RowSchema, label: string): void {
  if (plan.graph !== undefined) {
    fail('invalid_input', `${label} is several models that answer as one, which cannot be explained.`, {
      hint: 'Deploy one of them by itself, and ask it.',
    })
  }
  const shaped = fields.find(({ shape, width }) => shape !== undefined || width !== 1)
  if (shaped === undefined) return
  fail('invalid_input', `${label} takes tensors ("${shaped.name}"), which cannot be explained by field.`, {
    hint: 'Models whose fields have one value each can be explained.',
  })
}

export interface ExplainTerms {
  readonly requestId: string
  readonly budgetRows: number
  readonly budgetMs: number
  /** Of which class, for all rows. */
  readonly class: string | number | undefined
}

/** How far the answer may be from the one that its raw score gives: 32-bit floats of another order of additions. */
const sameAnswer = 1e-4

/** From the insides of the model where it is open to that, and else by asking it. */
export async function explainRows(
  model: ModelAtHand,
  terms: ExplainTerms,
): Promise<readonly RowExplanation[]> {
  const { batch, values, explainer, output, examples } = model
  const classes = explainer?.classes
  const asked = terms.class === undefined ? undefined : placeOfClass(terms.class, classes, values.width)
  const places = Array.from({ length: batch.rows }, (_, row) => explainedPlace(values, row, asked))
  const scores = places.map((place, row) => values.of(row, place))
  refuseNotFinite(scores, model.label)
  const labels = places.map((place) => classOf(classes, place, values.width))
  const exact = await explainer?.explain(batch, {
    output: output.name,
    places,
    background: examples,
    deadlineAt: model.deadlineAt,
  })
  if (exact !== undefined) return exactRows(exact, { model, scores, places, labels })
  const { schema, score, deadlineAt } = model
  const sampled = await sampledShapley({
    schema,
    rows: batch,
    others: examples ?? openBatch(schema, 1),
    places,
    scores,
    requestId: terms.requestId,
    budgetRows: terms.budgetRows,
    endAt: Math.min(deadlineAt, performance.now() + terms.budgetMs),
    score,
  })
  return sampled.map((row, i): RowExplanation => {
    const sum = row.contributions.reduce((total, value) => total + value, row.base)
    return {
      ...row,
      method: 'sampled_shapley',
      scale: 'output',
      comparedWith: examples === undefined ? 'empty_row' : 'examples',
      score: scores[i] as number,
      raw: scores[i] as number,
      additivityError: Math.abs(sum - (scores[i] as number)),
      place: places[i] as number,
      label: labels[i],
    }
  })
}

interface ExactOf {
  readonly model: ModelAtHand
  readonly scores: readonly number[]
  readonly places: readonly number[]
  readonly labels: readonly (string | number | undefined)[]
}

function exactRows(
  { method, scale, comparedWith, base, raw, contributions, additivityErrors }: ExplainedRows,
  { model, scores, places, labels }: ExactOf,
): RowExplanation[] {
  const fields = model.schema.fields.length
  return scores.map((score, row) => {
    const rawScore = raw[row] as number
    const answer = scale === 'log_odds' ? chanceOf(rawScore) : scale === 'output' ? rawScore : score
    if (Math.abs(answer - score) > sameAnswer * Math.max(1, Math.abs(score)))
      fail('internal', `${model.label} answers ${score}, and its insides say ${answer}.`)
    return {
      method,
      scale,
      comparedWith,
      score,
      raw: rawScore,
      base: base[row] as number,
      contributions: contributions.subarray(row * fields, (row + 1) * fields),
      standardErrors: undefined,
      additivityError: additivityErrors[row] as number,
      permutations: undefined,
      place: places[row] as number,
      label: labels[row],
    }
  })
}

/** With one value for two classes, it is the chance of the second. */
function classOf(
  classes: readonly (string | number)[] | undefined,
  place: number,
  width: number,
): string | number | undefined {
  return width === 1 && classes?.length === 2
    ? classes[1]
    : (classes?.[place] ?? (width > 1 ? place : undefined))
}

export function chanceOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

function refuseNotFinite(scores: readonly number[], label: string): void {
  const row = scores.findIndex((score) => !Number.isFinite(score))
  if (row === -1) return
  fail('invalid_input', `${label} answers ${scores[row]} for row ${row}, which cannot be explained.`)
}
