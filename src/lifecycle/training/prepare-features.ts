import { fail } from '#contract/errors'
import {
  applyPreparation,
  fitPreparation,
  preparationGraph,
  preparedColumns,
  requestFeatures,
  type FeatureRequest,
  type Preparation,
  type ViewsConfig,
} from '#lifecycle/features/index'
import { isTimeType, quoteName, timeColumn, type Column, type Frame } from '#platform/tables/index'
import { featuresOf, type NamedColumn, type TrainStep } from './contract.ts'
import type { ModelPreparation } from './model-preparation.ts'
import type { FeatureSpec } from './trainer-point.ts'
import { featureSpecsOf } from './training-table.ts'

/** What a step learns from: columns as they are, and features that are computed. */
export interface WantedFeatures {
  readonly plain: readonly NamedColumn[]
  readonly computed: readonly FeatureRequest[]
}

/** @throws not_found for a feature that its view does not have */
export function wantedFeatures(config: Pick<TrainStep, 'features'>, views: ViewsConfig): WantedFeatures {
  const plain: NamedColumn[] = []
  const computed: FeatureRequest[] = []
  for (const feature of featuresOf(config)) {
    if ('config' in feature) computed.push(feature)
    else {
      const named = requestFeatures(views, feature.name)
      if (named === undefined) plain.push(feature)
      else computed.push(...named)
    }
  }
  const names = [...plain, ...computed].map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return { plain, computed }
  return fail('invalid_input', `Two features are called "${twice}".`, { at: 'features' })
}

/** A raw column as a query reads it: a time that features are computed from, as milliseconds. */
export function readingOf(name: string, type: string, { computed }: WantedFeatures): string {
  const isComputedWith = computed.some((request) => columnsOfRequest(request).includes(name))
  return isComputedWith && isTimeType(type) ? timeColumn(name) : quoteName(name)
}

export function columnsOfRequest({ column, config }: FeatureRequest): readonly string[] {
  if (column !== undefined) return [column]
  return [config.column, ...(config.ratio ?? []), ...(config.difference ?? [])].filter(
    (name) => name !== undefined,
  )
}

export interface PreparedTable {
  readonly frame: Frame
  readonly validation: Frame | undefined
  readonly features: readonly FeatureSpec[]
  readonly preparation: ModelPreparation | undefined
  /** Kept beside the model. */
  readonly fitted: Preparation | undefined
}

interface RawTables {
  readonly wanted: WantedFeatures
  readonly frame: Frame
  readonly validation: Frame | undefined
  /** DuckDB's types, by column. */
  readonly types: ReadonlyMap<string, string>
  readonly label: () => Float64Array
}

/** Fits features on the rows that are learned from; rows that decide when to stop get them by what was fitted. */
export function prepareFeatures({ wanted, frame, validation, types, label }: RawTables): PreparedTable {
  const plain = featureSpecsOf(frame, wanted.plain)
  if (wanted.computed.length === 0) {
    return { frame, validation, features: plain, preparation: undefined, fitted: undefined }
  }
  const kindOf = (column: string) =>
    isTimeType(types.get(column) ?? '')
      ? 'time'
      : frame.columns[column]?.kind === 'category'
        ? 'text'
        : 'number'
  const needsLabel = wanted.computed.some(({ config: { encode } }) =>
    typeof encode === 'object' ? 'target' in encode : encode === 'target',
  )
  const { preparation, columns } = fitPreparation(wanted.computed, {
    frame,
    kindOf,
    label: needsLabel ? label() : undefined,
  })
  const taken = preparedColumns(preparation).find(({ name }) =>
    wanted.plain.some((column) => column.name === name),
  )
  if (taken !== undefined) {
    fail('invalid_input', `A feature and a column are both called "${taken.name}".`, { at: taken.name })
  }
  const graph = preparationGraph(
    preparation,
    plain.map(({ name }) => name),
  )
  return {
    frame: withColumns(frame, columns),
    validation:
      validation === undefined
        ? undefined
        : withColumns(validation, applyPreparation(preparation, validation)),
    features: [...plain, ...preparedColumns(preparation).map(({ name, kind }) => ({ name, kind }))],
    preparation: {
      ...graph,
      inputs: graph.inputs.map((input) => ({ ...input, required: !hasMissing(frame.columns[input.name]) })),
    },
    fitted: preparation,
  }
}

function withColumns(frame: Frame, columns: Readonly<Record<string, Column>>): Frame {
  return { rows: frame.rows, columns: { ...frame.columns, ...columns } }
}

function hasMissing(column: Column | undefined): boolean {
  if (column === undefined) return true
  if (column.kind === 'number') return column.values.some(Number.isNaN)
  const empty = column.levels.indexOf('')
  return column.codes.some((code) => code === -1 || code === empty)
}
