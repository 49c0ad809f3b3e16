import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { RowBatch } from '../../model-runtime-point.ts'
import type { SignatureInput } from '../../plan.ts'

/** A signature prepared for reading: where each field goes in a {@link RowBatch}. */
export interface RowSchema {
  readonly fields: readonly SchemaField[]
  readonly byName: ReadonlyMap<string, SchemaField>
  /** Values per row in `numbers`: as many as there are fields that are not text, where none has a shape. */
  readonly numberWidth: number
  readonly textColumns: number
  /** As a {@link RowBatch} has them: undefined when every field has one value per row. */
  readonly widths: readonly number[] | undefined
  /** All fields are numbers of one value, so that a matrix [rows, fields] can be read. */
  readonly isMatrix: boolean
}

export interface SchemaField extends SignatureInput {
  /** Among the text fields for text, among the fields of numbers for everything else. */
  readonly column: number
  /** Values per row of the fields before it in `numbers`: its block begins at `start * rows`. */
  readonly start: number
  /** Values per row. */
  readonly width: number
  /** A single number that is nearer to zero needs no further look; 0 where every value does. */
  readonly plainLimit: number
}

/** A batch while it is being filled. */
export interface OpenBatch extends RowBatch {
  readonly texts: readonly string[][]
  longs?: Map<number, BigInt64Array> | undefined
}

/** Below what `readNumber` would refuse. */
const plainLimits: Readonly<Partial<Record<SignatureInput['type'], number>>> = {
  float: 3.4028235e38,
  double: Number.MAX_VALUE,
}

export function rowSchema(signature: ModelSignature): RowSchema {
  let numberColumns = 0
  let textColumns = 0
  let numberWidth = 0
  const fields = signature.inputs.map((field): SchemaField => {
    const width = (field.shape ?? []).reduce((product, dimension) => product * dimension, 1)
    const plainLimit = field.shape === undefined ? (plainLimits[field.type] ?? 0) : 0
    if (field.type === 'string') return { ...field, column: textColumns++, start: 0, width, plainLimit }
    const start = numberWidth
    numberWidth += width
    return { ...field, column: numberColumns++, start, width, plainLimit }
  })
  const numbers = fields.filter((field) => field.type !== 'string')
  const isFlat = fields.every((field) => field.width === 1 && field.shape === undefined)
  return {
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
    numberWidth,
    textColumns,
    widths: numbers.every((field) => field.width === 1) ? undefined : numbers.map((field) => field.width),
    isMatrix: isFlat && textColumns === 0 && fields.length > 1,
  }
}

/** All zeros and empty texts. */
export function openBatch(schema: RowSchema, rows: number): OpenBatch {
  const texts = schema.fields
    .filter((field) => field.type === 'string')
    .map((field) => emptyTexts(rows * field.width))
  const numbers = new Float64Array(rows * schema.numberWidth)
  return schema.widths === undefined
    ? { rows, numbers, texts }
    : { rows, numbers, texts, widths: schema.widths }
}

/** In a loop: `Array.from` with a function takes ten times as long, and this runs for every request with text. */
function emptyTexts(count: number): string[] {
  const texts: string[] = []
  for (let i = 0; i < count; i++) texts.push('')
  return texts
}

/** Where the values of a field begin in `numbers`. */
export function blockStart(field: SchemaField, rows: number): number {
  return field.start * rows
}

/** The exact values of a `long` field, begun with what stands in `numbers` when the first needs it. */
export function exactLongs(batch: OpenBatch, field: SchemaField): BigInt64Array {
  const longs = (batch.longs ??= new Map())
  const present = longs.get(field.column)
  if (present !== undefined) return present
  const exact = new BigInt64Array(batch.rows * field.width)
  const start = blockStart(field, batch.rows)
  for (let i = 0; i < exact.length; i++) {
    const value = batch.numbers[start + i] as number
    exact[i] = Number.isNaN(value) ? 0n : BigInt(value)
  }
  longs.set(field.column, exact)
  return exact
}
