import { z } from 'zod'
import { durationMs, sizeBytes } from '#contract/units'

const pattern = z.string().min(1)
const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
  .meta({ description: 'The name of an environment variable' })

/** Looked at by the server for as long as it runs; without it data comes when somebody says `devmlops data add`. */
const watch = z
  .strictObject({
    every: durationMs.prefault('30s').meta({ description: 'How often to look' }),
    settle: durationMs
      .prefault('5s')
      .meta({ description: 'How long a file must not have changed before it is taken' }),
  })
  .optional()
  .meta({ description: 'Let the server look for what is new: { every: 30s, settle: 5s }' })

const transfer = {
  timeout: durationMs.prefault('5m').meta({ description: 'Limit of one transfer or query' }),
  maximum_size: sizeBytes.prefault('10GB').meta({ description: 'More bytes than this are refused' }),
}

const incremental = z
  .strictObject({
    cursor: pattern.meta({ description: 'A column that grows with every change, such as updated_at' }),
    lag: z
      .union([durationMs, z.number().int().min(0)])
      .optional()
      .meta({
        description:
          'How far before the newest value to look again, for rows that come late: 2h, or a number for a cursor of numbers',
      }),
    initial: z
      .union([z.string().min(1), z.number()])
      .optional()
      .meta({ description: 'Where the first load begins; without it, at the first row' }),
  })
  .optional()
  .meta({ description: 'Fetch only rows from the cursor on' })

const query = z.string().min(1).meta({ description: 'One SELECT' })
const databaseServer = z.strictObject({
  url_env: variable.meta({
    description: 'The environment variable that holds the URL, so that no password stands in a file',
  }),
  query,
})

/** The sources of tables, one key each. */
export const tableSources = [
  z.strictObject({
    files: z.union([pattern, z.array(pattern).min(1)]).meta({
      description: 'Files or patterns such as incoming/*.csv, inside the project unless the path is absolute',
    }),
    watch,
  }),
  z.strictObject({
    url: z
      .string()
      .regex(/^https?:\/\/[^\s@]+$/)
      .meta({ description: 'https://… or http://…, without a user or password in it' }),
    ...transfer,
    watch,
  }),
  z.strictObject({
    s3: z
      .string()
      .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]+\/.+$/)
      .meta({ description: 's3://bucket/prefix/*.parquet; credentials are AWS_ACCESS_KEY_ID and its like' }),
    ...transfer,
    watch,
  }),
  z.strictObject({ postgres: databaseServer, incremental, ...transfer, watch }),
  z.strictObject({ mysql: databaseServer, incremental, ...transfer, watch }),
  z.strictObject({
    sqlite: z.strictObject({
      path: pattern.meta({
        description: 'The database file, inside the project unless the path is absolute',
      }),
      query,
    }),
    incremental,
    ...transfer,
    watch,
  }),
  z.strictObject({
    server: z.strictObject({
      url: z
        .string()
        .regex(/^https?:\/\/[^\s@]+$/)
        .meta({ description: 'The address of another DevMLOps server' }),
      dataset: pattern.meta({ description: 'Its dataset' }),
      token_env: variable.optional().meta({ description: 'The environment variable that holds its token' }),
    }),
    ...transfer,
    watch,
  }),
  z.strictObject({
    push: z.literal(true).meta({ description: 'true: data arrives by `devmlops data send` or an upload' }),
    maximum_size: transfer.maximum_size,
  }),
] as const
export type TableSource = z.output<(typeof tableSources)[number]>

export type DatabaseSource = Extract<
  TableSource,
  { postgres: unknown } | { mysql: unknown } | { sqlite: unknown }
>

export function isDatabaseSource(source: object): source is DatabaseSource {
  return 'postgres' in source || 'mysql' in source || 'sqlite' in source
}

/** Sources that give everything again each time: appended, every row would be there as often as it was fetched. */
export function givesAllAgain(source: object): boolean {
  if ('server' in source) return true
  return isDatabaseSource(source) && source.incremental === undefined
}
