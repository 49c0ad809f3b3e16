import { z } from 'zod'
import { defineSection, type ReferenceIssue } from '../project/contract.ts'
import { checksOf, expectationSchema } from './checks/expectation.ts'
import { impossibilityOf } from './checks/impossible-check.ts'
import { columnsOf } from './checks/named-columns.ts'
import { givesAllAgain, isDatabaseSource, tableSources } from './sources/source-config.ts'
import { contractSchema } from './quarantine/schema-contract.ts'
import { folderSourceSchema, isFolderSource } from './folders/folder-source.ts'
import { columnClassesSchema, maskingSchema } from './personal/column-class.ts'

export const formatSchema = z.enum(['csv', 'tsv', 'json', 'ndjson', 'parquet', 'xlsx'])
export type Format = z.infer<typeof formatSchema>

export const datasetNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/)
  .meta({ description: 'Letters, digits, _ and -, starting with a letter' })

const sourceSchema = z.union([...tableSources, folderSourceSchema])
export type SourceConfig = z.output<typeof sourceSchema>

const column = z.string().min(1)

const datasetFields = z.strictObject({
  description: z.string().optional(),
  source: sourceSchema,
  format: formatSchema.optional().meta({ description: 'When the name of the file does not tell' }),
  encoding: z
    .enum(['utf-8', 'latin-1', 'utf-16'])
    .default('utf-8')
    .meta({ description: 'Of text files; latin-1 is read as Windows-1252, which it is a part of' }),
  sheet: column.optional().meta({ description: 'The sheet of an .xlsx file; the first one without it' }),
  header_row: z
    .number()
    .int()
    .min(1)
    .default(1)
    .meta({ description: 'The row of an .xlsx sheet that names the columns' }),
  mode: z.enum(['append', 'replace', 'upsert']).optional().meta({
    description:
      'append: new rows are added to the version before; replace: they are the whole version; upsert: they replace rows with the same key. Default: append; replace for a source that gives all rows each time',
  }),
  deleted: column.optional().meta({
    description: 'For upsert: rows in which this column is true remove the row with their key',
  }),
  contract: contractSchema,
  time: column.optional().meta({ description: 'The column that says when a row happened' }),
  key: z
    .union([column, z.array(column).min(1)])
    .optional()
    .transform((key) => (typeof key === 'string' ? [key] : (key ?? [])))
    .meta({ description: 'The column or columns that name a row; unique and never missing' }),
  nulls: z
    .array(z.string())
    .prefault([])
    .meta({ description: 'Text that means missing in CSV and TSV, besides an empty field: NA, ?' }),
  columns: columnClassesSchema.prefault({}),
  masking: maskingSchema.prefault({}),
  expectations: z.array(expectationSchema).prefault([]),
})
const datasetSchema = datasetFields.transform((dataset) => ({
  ...dataset,
  mode: dataset.mode ?? (givesAllAgain(dataset.source) ? ('replace' as const) : ('append' as const)),
}))
export type DatasetConfig = z.output<typeof datasetSchema>
export type DataConfig = Readonly<Record<string, DatasetConfig>>

const example = `data:
  orders:
    description: One row is one order.
    source: { files: incoming/*.csv }
    mode: append
    time: ordered_at
    key: order_id
    nulls: [NA]
    expectations:
      - schema: { order_id: integer, ordered_at: timestamp, amount: number, country: text, returned: integer }
      - not_null: [amount, country, returned]
      - between: { column: amount, minimum: 0, strict_minimum: true }
        mostly: 0.99
      - in_set: { column: country, values: [DE, FR, IT] }
        severity: warn
`

export const dataSection = defineSection({
  name: 'data',
  summary: 'Where data comes from and what must hold before anything may use it.',
  schema: z.record(datasetNameSchema, datasetSchema).prefault({}),
  example,
  reads: [],
  check: ({ data }) => Object.entries(data).flatMap(([name, dataset]) => datasetIssues(name, dataset)),
})

function datasetIssues(name: string, dataset: DatasetConfig): ReferenceIssue[] {
  return [
    ...columnsOfFolder(name, dataset),
    ...impossibleLoads(name, dataset),
    ...unknownColumns(name, dataset),
    ...impossibleChecks(name, dataset),
  ]
}

/** The files of a folder are not read, so nothing can be said of their columns. */
function columnsOfFolder(name: string, dataset: DatasetConfig): ReferenceIssue[] {
  if (!isFolderSource(dataset.source)) return []
  const { time, format, key, expectations } = dataset
  const given = { time, format, key: key[0], expectations: expectations[0] }
  return Object.entries(given).flatMap(([field, value]): ReferenceIssue[] => {
    if (value === undefined) return []
    const message = `"${name}" is a folder, whose files have no rows and columns; use \`files\` for a table`
    return [{ path: ['data', name, field], message, target: 'key' }]
  })
}

function impossibleLoads(name: string, { source, mode, key, deleted }: DatasetConfig): ReferenceIssue[] {
  const issue = (field: string, message: string, hint: string): ReferenceIssue => ({
    path: ['data', name, field],
    message,
    hint,
    target: 'key',
  })
  if (mode === 'upsert' && key.length === 0) {
    return [issue('mode', 'upsert needs a key that says which row is replaced', 'Add `key: COLUMN`.')]
  }
  if (deleted !== undefined && mode !== 'upsert') {
    return [issue('deleted', 'rows are removed by key in mode upsert only', 'Set `mode: upsert`.')]
  }
  if (mode === 'append' && givesAllAgain(source)) {
    const message = 'the source gives all rows each time, and appended each would be there many times'
    return [issue('mode', message, 'Use `mode: replace`, or `incremental` with a cursor.')]
  }
  if (mode === 'replace' && isDatabaseSource(source) && source.incremental !== undefined) {
    const message = 'an incremental load gives only new rows, which cannot replace all'
    return [issue('mode', message, 'Use `mode: append` or `mode: upsert`.')]
  }
  return []
}

/** Columns that no row can have, because the schema is closed and does not list them. */
function unknownColumns(name: string, dataset: DatasetConfig): ReferenceIssue[] {
  const closed = dataset.expectations.find((item) => 'schema' in item && item.extra_columns === 'refuse')
  if (closed === undefined || !('schema' in closed)) return []
  const known = Object.keys(closed.schema)
  const issue = (wanted: string, path: readonly (string | number)[]): ReferenceIssue[] =>
    known.includes(wanted)
      ? []
      : [
          {
            path: ['data', name, ...path],
            message: `the schema of "${name}" has no column "${wanted}"`,
            unknown: { name: wanted, known },
          },
        ]
  const own = [
    ...(dataset.time === undefined ? [] : issue(dataset.time, ['time'])),
    ...dataset.key.flatMap((key) => issue(key, ['key'])),
  ]
  const checked = dataset.expectations.flatMap((expectation, index) =>
    checksOf({ ...dataset, key: [], expectations: [expectation] }).flatMap((check) => {
      const path = ['expectations', index, check.kind]
      const written = (expectation as Record<string, unknown>)[check.kind]
      // One column or a list of them stands under the key of the check itself.
      const isListed = typeof written === 'object' && written !== null && 'each' in written
      const at = 'column' in check && !isListed ? [...path, 'column'] : path
      return check.kind === 'schema'
        ? []
        : columnsOf(check).flatMap((each) => (each === '' ? [] : issue(each, at)))
    }),
  )
  return [...own, ...checked]
}

function impossibleChecks(name: string, dataset: DatasetConfig): ReferenceIssue[] {
  return dataset.expectations.flatMap((expectation, index): ReferenceIssue[] =>
    checksOf({ ...dataset, key: [], expectations: [expectation] }).flatMap((check): ReferenceIssue[] => {
      const path = ['data', name, 'expectations', index, check.kind]
      const message = impossibilityOf(check)
      return message === undefined ? [] : [{ path, message, target: 'key' }]
    }),
  )
}
