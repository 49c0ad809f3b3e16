import { z } from 'zod'
import { durationMs, sizeBytes } from '#contract/units'
import { defineSection, type ReferenceIssue } from '../project/contract.ts'
import { checksOf, expectationSchema } from './checks/expectation.ts'

export const formatSchema = z.enum(['csv', 'tsv', 'json', 'ndjson', 'parquet'])
export type Format = z.infer<typeof formatSchema>

export const datasetNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/)
  .meta({ description: 'Letters, digits, _ and -, starting with a letter' })

const pattern = z.string().min(1)

const sourceSchema = z.union([
  z.strictObject({
    files: z.union([pattern, z.array(pattern).min(1)]).meta({
      description: 'Files or patterns such as incoming/*.csv, inside the project unless the path is absolute',
    }),
  }),
  z.strictObject({
    url: z
      .string()
      .regex(/^https?:\/\/[^\s@]+$/)
      .meta({ description: 'https://… or http://…, without a user or password in it' }),
    timeout: durationMs.prefault('5m'),
    maximum_size: sizeBytes.prefault('10GB'),
  }),
])
export type SourceConfig = z.output<typeof sourceSchema>

const column = z.string().min(1)

const datasetSchema = z.strictObject({
  description: z.string().optional(),
  source: sourceSchema,
  format: formatSchema.optional().meta({ description: 'When the name of the file does not tell' }),
  mode: z.enum(['append', 'replace']).default('append').meta({
    description:
      'append: new files are added to the version before; replace: the files are the whole version',
  }),
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
  expectations: z.array(expectationSchema).prefault([]),
})
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
  return [...unknownColumns(name, dataset), ...impossibleChecks(name, dataset)]
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
      if (check.kind === 'not_null') return issue(check.column, path)
      if ('column' in check && check.column !== '') return issue(check.column, [...path, 'column'])
      return check.kind === 'unique' ? check.columns.flatMap((each) => issue(each, path)) : []
    }),
  )
  return [...own, ...checked]
}

function impossibleChecks(name: string, dataset: DatasetConfig): ReferenceIssue[] {
  return dataset.expectations.flatMap((expectation, index): ReferenceIssue[] =>
    checksOf({ ...dataset, key: [], expectations: [expectation] }).flatMap((check): ReferenceIssue[] => {
      const path = ['data', name, 'expectations', index, check.kind]
      if (check.kind === 'fresh' && check.column === '') {
        const message = 'the dataset has no `time`, so this needs a `column`'
        return [{ path, message, target: 'key' }]
      }
      if (!('minimum' in check)) return []
      const { minimum, maximum } = check
      if (minimum === undefined && maximum === undefined) {
        return [{ path, message: 'neither a lower nor an upper limit is given', target: 'key' }]
      }
      if (typeof minimum !== typeof maximum || minimum === undefined || maximum === undefined) return []
      return minimum > maximum
        ? [{ path, message: `the lower limit ${minimum} is above the upper limit ${maximum}`, target: 'key' }]
        : []
    }),
  )
}
