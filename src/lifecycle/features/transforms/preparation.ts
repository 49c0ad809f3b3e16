import { createHash } from 'node:crypto'
import type { Column, Frame } from '#platform/tables/index'
import { createEvaluator } from './evaluate.ts'
import { createGraphWriter, type ExpressionGraph } from './expression-graph.ts'
import { columnsRead, isText } from './expression.ts'
import {
  fitFeature,
  type FeatureRequest,
  type FitSource,
  type FittedFeature,
  type PreparedColumn,
  type RawKind,
} from './fit-feature.ts'

/** Features as they were fitted: plain data, kept beside the model and applied to any other rows. */
export interface Preparation {
  readonly features: readonly (Pick<FittedFeature, 'name' | 'columns' | 'statistics'> & {
    readonly view?: { readonly name: string; readonly feature: string }
  })[]
  /** The columns that are read, and what they hold. */
  readonly inputs: readonly { readonly name: string; readonly kind: RawKind }[]
}

export interface FittedPreparation {
  readonly preparation: Preparation
  /** Of the very rows that it was fitted on. */
  readonly columns: Readonly<Record<string, Column>>
}

/** Fits features on the rows that are learned from. Whatever other rows there are is not even handed in. */
export function fitPreparation(requests: readonly FeatureRequest[], source: FitSource): FittedPreparation {
  const features = requests.map((request) => {
    const { crossFitted, ...fitted } = fitFeature(request, source)
    return {
      crossFitted,
      fitted: { ...fitted, ...(request.view === undefined ? {} : { view: request.view }) },
    }
  })
  const fitted = features.map((feature) => feature.fitted)
  const read = new Set(
    fitted.flatMap(({ columns }) => columns.flatMap(({ expression }) => columnsRead(expression))),
  )
  const preparation = {
    features: fitted,
    inputs: [...read].map((name) => ({ name, kind: source.kindOf(name) })),
  }
  const columns: Record<string, Column> = { ...applyPreparation(preparation, source.frame) }
  for (const { crossFitted } of features) {
    for (const [name, values] of Object.entries(crossFitted ?? {})) columns[name] = { kind: 'number', values }
  }
  return { preparation, columns }
}

/** The features of other rows, by what was fitted before. */
export function applyPreparation(
  { features }: Pick<Preparation, 'features'>,
  frame: Frame,
): Record<string, Column> {
  const evaluator = createEvaluator(frame)
  return Object.fromEntries(
    preparedColumns({ features }).map(({ name, expression }) => [name, evaluator.column(expression)]),
  )
}

export function preparedColumns({ features }: Pick<Preparation, 'features'>): PreparedColumn[] {
  return features.flatMap(({ columns }) => columns)
}

/** The same, whenever the same features were fitted on the same rows. */
export function preparationDigest(preparation: Preparation): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(preparation)).digest('hex')}`
}

/** What a model's graph needs to make the features out of raw columns. Plain data, so that it can go to a thread. */
export interface PreparationGraph extends ExpressionGraph {
  readonly inputs: Preparation['inputs']
  /** Column that a trainer learns from → the wire that holds it: a float or a text `[N, 1]`. */
  readonly wires: Readonly<Record<string, string>>
}

/** @param plain columns that the trainer also takes as they are */
export function preparationGraph(preparation: Preparation, plain: readonly string[]): PreparationGraph {
  const writer = createGraphWriter()
  const wires = preparedColumns(preparation).map(({ name, expression }): [string, string] => [
    name,
    isText(expression) ? writer.wire(expression) : writer.floatWire(expression),
  ])
  // A number that is also computed with comes in as a double, and trainers take floats.
  const shared = preparation.inputs
    .filter(({ name, kind }) => kind !== 'text' && plain.includes(name))
    .map(({ name }): [string, string] => [name, writer.floatWire({ kind: 'number', column: name })])
  return { ...writer.graph(), inputs: preparation.inputs, wires: Object.fromEntries([...wires, ...shared]) }
}
