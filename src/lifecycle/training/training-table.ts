import { fail } from '#contract/errors'
import type { Column, Frame } from '#platform/tables/frame'
import { columnOf } from './column.ts'
import { readLabel, readWeight } from './label-column.ts'
import type { FeatureSpec, RawFeature, Task } from './trainer-point.ts'

/** A checked table: no infinity, no missing label, at least one row. */
export interface TrainingTable {
  readonly rows: number
  readonly features: readonly FeatureColumn[]
  /** 0 or 1, or the number to predict. */
  readonly label: Float64Array
  readonly weight?: Float64Array
}

export type FeatureColumn = NumberFeature | CategoryFeature

/** Single precision, because that is what the ONNX graph will see; NaN is missing. */
export interface NumberFeature {
  readonly name: string
  readonly kind: 'number'
  readonly values: Float32Array
}

/** `codes[i]` indexes `levels`, -1 is missing. A level is never ''. */
export interface CategoryFeature {
  readonly name: string
  readonly kind: 'category'
  readonly codes: Int32Array
  readonly levels: readonly Level[]
}

/** A number where a numeric column is used as a category. */
export type Level = string | number

export interface TableSpec {
  readonly label: string
  /** The label's value that means 1, where it is not 0/1 or false/true. */
  readonly positive?: string | number | boolean
  readonly features: readonly FeatureSpec[]
  readonly task: Task
  /** The name of a column of row weights. */
  readonly weight?: string
}

/** @throws `training_failed` or `invalid_input`, naming the column and what was expected */
export function readTrainingTable(frame: Frame, spec: TableSpec): TrainingTable {
  if (frame.rows === 0)
    fail('training_failed', 'The table to train on has no rows.', {
      hint: 'Check the filter of the step that makes it.',
    })
  if (spec.features.length === 0)
    fail('invalid_input', 'There is no feature to train on.', { at: 'features' })
  const features = readFeatures(frame, spec.features)
  const label = readLabel(frame, spec)
  return {
    rows: frame.rows,
    features,
    label,
    ...(spec.weight === undefined ? {} : { weight: readWeight(frame, spec.weight) }),
  }
}

/** The columns of a frame in the form that trainers fit and score; also used on frames without a label. */
export function readFeatures(frame: Frame, specs: readonly FeatureSpec[]): FeatureColumn[] {
  return specs.map((spec) => {
    const column = columnOf(frame, spec.name, 'feature')
    if (spec.kind === 'number') return readNumbers(column, spec.name)
    return column.kind === 'category'
      ? readLevels(column, spec.name)
      : levelsOfNumbers(readNumbers(column, spec.name))
  })
}

/** Text is a category and numbers are numbers, where a feature does not say. */
export function featureSpecsOf(
  frame: Frame,
  features: readonly { readonly name: string; readonly kind?: FeatureSpec['kind'] | undefined }[],
): FeatureSpec[] {
  return features.map(({ name, kind }) => ({ name, kind: kind ?? columnOf(frame, name, 'feature').kind }))
}

export function rawFeaturesOf(frame: Frame, specs: readonly FeatureSpec[]): RawFeature[] {
  return specs.map(({ name, kind }) => ({
    name,
    kind,
    raw: columnOf(frame, name, 'feature').kind === 'category' ? 'text' : 'number',
  }))
}

function readNumbers(column: Column, name: string): NumberFeature {
  if (column.kind === 'category')
    return fail('training_failed', `Column "${name}" is text, but the feature is declared as a number.`, {
      hint: `Declare it as a category, or turn it into a number in SQL: TRY_CAST(${name} AS DOUBLE).`,
      at: name,
    })
  const values = Float32Array.from(column.values)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value !== Infinity && value !== -Infinity) continue
    fail('training_failed', `Column "${name}" holds ${column.values[i]} in row ${i + 1}.`, {
      hint: 'Replace infinities and numbers beyond 3.4e38 by NULL in the step before; missing values are learned from.',
      at: name,
    })
  }
  return { name, kind: 'number', values }
}

function readLevels(column: Extract<Column, { kind: 'category' }>, name: string): CategoryFeature {
  const empty = column.levels.indexOf('')
  if (empty === -1) return { name, kind: 'category', codes: column.codes, levels: column.levels }
  // '' is how the graph spells "missing", so it cannot be a level of its own.
  const codes = column.codes.map((code) => (code === empty ? -1 : code))
  return { name, kind: 'category', codes, levels: column.levels }
}

function levelsOfNumbers({ name, values }: NumberFeature): CategoryFeature {
  const codeOf = new Map<number, number>()
  const codes = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = (values[i] as number) + 0 // -0 is the same level as 0
    const known = codeOf.get(value)
    if (known !== undefined) codes[i] = known
    else if (Number.isNaN(value)) codes[i] = -1
    else {
      codes[i] = codeOf.size
      codeOf.set(value, codeOf.size)
    }
  }
  return { name, kind: 'category', codes, levels: [...codeOf.keys()] }
}

/** Names of features that never vary; no model can learn from them. */
export function constantFeatures(features: readonly FeatureColumn[]): string[] {
  return features.filter(isConstant).map(({ name }) => name)
}

function isConstant(feature: FeatureColumn): boolean {
  const cells = feature.kind === 'number' ? feature.values : feature.codes
  const first = cells[0] as number
  for (let i = 1; i < cells.length; i++) if (!Object.is(cells[i], first)) return false
  return true
}
