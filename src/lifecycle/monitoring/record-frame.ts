import type { ColumnProfile, TableProfile } from '#lifecycle/data/index'
import type { PredictionRecord } from '#lifecycle/serving/index'
import type { Column, Frame } from '#platform/tables/frame'

type Value = PredictionRecord['outputs'][string] | undefined

/**
 * The columns of a reference as these records have them: inputs by name, and the score among the outputs. All records are
 * of one model version, so a column that the first lacks is lacked by all, and is left out.
 */
export function frameOfRecords(
  records: readonly PredictionRecord[],
  reference: TableProfile,
  scoreColumn: string,
): Frame {
  const columns: Record<string, Column> = {}
  for (const [name, profile] of Object.entries(reference.columns)) {
    const read = (record: PredictionRecord): Value =>
      name === scoreColumn ? scoreIn(record, scoreColumn) : (record.inputs[name] ?? undefined)
    const [first] = records
    if (first === undefined) continue
    const present = name === scoreColumn ? scoreIn(first, scoreColumn) !== undefined : name in first.inputs
    if (present) columns[name] = columnOf(profile.kind, records, read)
  }
  return { rows: records.length, columns }
}

function columnOf(
  kind: ColumnProfile['kind'],
  records: readonly PredictionRecord[],
  read: (record: PredictionRecord) => Value,
): Column {
  if (kind === 'number') {
    const values = new Float64Array(records.length)
    for (let row = 0; row < records.length; row++)
      values[row] = numberOf(read(records[row] as PredictionRecord))
    return { kind, values }
  }
  const codes = new Int32Array(records.length)
  const levels = new Map<string, number>()
  for (let row = 0; row < records.length; row++) {
    const value = read(records[row] as PredictionRecord)
    if (value === undefined || value === null) {
      codes[row] = -1
      continue
    }
    const level = String(value)
    const code = levels.get(level) ?? levels.size
    if (code === levels.size) levels.set(level, code)
    codes[row] = code
  }
  return { kind, codes, levels: [...levels.keys()] }
}

/** Datetimes are logged as text and profiled as epoch milliseconds. NaN is missing. */
function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}

/** The score of a record; undefined if it is not a finite number. */
export function scoreOf(record: PredictionRecord, scoreColumn: string | undefined): number | undefined {
  const value = scoreIn(record, scoreColumn ?? 'probability')
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Models of other programs may call their chances a prediction, as they call their numbers. */
function scoreIn({ outputs }: PredictionRecord, scoreColumn: string): Value {
  return outputs[scoreColumn] ?? outputs['prediction']
}
