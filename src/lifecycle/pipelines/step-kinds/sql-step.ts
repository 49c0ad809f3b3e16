import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as z from 'zod'
import { DevmlopsError, fail } from '#contract/errors'
import { formatCount } from '#contract/units'
import { openTables, quoteName, quoteText, type Tables } from '#platform/tables/index'
import { projectPath } from '../source-digest.ts'
import type { StepContext, StepForm, StepKind, StepProduct } from '../step-kind-point.ts'
import { parametersIn, statementsOf } from './sql-text.ts'

export const sqlForm: StepForm<string> = {
  name: 'sql',
  summary: 'A SQL file of the project, or SQL itself; DuckDB runs it on the inputs',
  schema: z.string().min(1),
  outputs: (_config, step) => Object.keys(step.outputs).map((name) => ({ name, kind: 'table' })),
}

/**
 * SQL on the inputs: each input is a view of its name, each output a table or view of its name that the statements
 * make. A single SELECT makes the only output by itself. The statements reach the inputs and nothing else.
 */
export const sqlStep: StepKind<string> = {
  ...sqlForm,
  version: '1',
  usesAllCores: true,
  codeFiles: async (config) => (isPath(config) ? [config] : []),
  codeText: (config): Record<string, string> => (isPath(config) ? {} : { sql: config }),
  settings: () => undefined,
  parametersUsed: async (config, { directory, all }) =>
    parametersIn(await sqlText(config, directory)).filter((name) => Object.hasOwn(all, name)),
  environment: async () => ({ duckdb: duckdbVersion() }),
  run: async (context) => {
    const outputDirectory = join(context.workDirectory, 'outputs')
    await mkdir(outputDirectory, { recursive: true })
    const inputs = Object.values(context.inputs)
    const tables = await openTables({
      allowedDirectories: [outputDirectory],
      allowedPaths: inputs.flatMap(({ allowedPaths }) => allowedPaths),
      temporaryDirectory: join(context.workDirectory, 'tmp'),
    })
    const interrupt = (): void => tables.interrupt()
    context.signal.addEventListener('abort', interrupt)
    try {
      for (const { name, reference, relation } of inputs) {
        if (relation === undefined)
          fail('invalid_input', `The input "${name}" (${reference}) is not a table.`)
        await tables.run(`CREATE VIEW ${quoteName(name)} AS SELECT * FROM ${relation}`)
      }
      await runStatements(context, tables)
      return await exportOutputs(context, tables, outputDirectory)
    } finally {
      context.signal.removeEventListener('abort', interrupt)
      tables.close()
    }
  },
}

async function runStatements(context: StepContext<string>, tables: Tables): Promise<void> {
  const sql = await sqlText(context.config, context.projectDirectory)
  const source = isPath(context.config) ? context.config : 'sql'
  const statements = statementsOf(sql, context.parameters)
  const [only] = statements
  const [output] = context.outputs
  const isQuery =
    statements.length === 1 && context.outputs.length === 1 && /^(SELECT|WITH|FROM)\b/i.test(only?.text ?? '')
  for (const [index, { text, line }] of statements.entries()) {
    context.signal.throwIfAborted()
    context.progress({
      fraction: index / statements.length,
      text: `statement ${index + 1} of ${statements.length}`,
    })
    const startedAt = performance.now()
    try {
      await tables.run(
        isQuery && output !== undefined ? `CREATE TABLE ${quoteName(output.name)} AS ${text}` : text,
      )
    } catch (error) {
      throw at(`${source}:${line}`, error)
    }
    context.log(`${source}:${line} done in ${Math.round(performance.now() - startedAt)} ms`)
  }
}

async function exportOutputs(
  context: StepContext<string>,
  tables: Tables,
  directory: string,
): Promise<Record<string, StepProduct>> {
  const made = await tables.rows('SELECT table_name FROM information_schema.tables')
  const names = made.map((row) => row['table_name'] as string)
  const products: Record<string, StepProduct> = {}
  for (const { name } of context.outputs) {
    if (!names.some((table) => table.toLowerCase() === name.toLowerCase())) {
      fail('step_failed', `The SQL made no table "${name}", which the step lists as an output.`, {
        hint: `It made ${names.filter((table) => context.inputs[table] === undefined).join(', ') || 'none'}.`,
      })
    }
    const path = join(directory, `${name}.parquet`)
    const [row] = await tables.rows(
      `COPY (SELECT * FROM ${quoteName(name)}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    )
    const rows = Number(row?.['Count'] ?? 0)
    context.log(`${name}: ${formatCount(rows)} rows`)
    products[name] = { kind: 'table', path, rows }
  }
  return products
}

/** `sql/prepare.sql` is a file, `SELECT 1` is not. */
function isPath(config: string): boolean {
  return /^[^\s;]+\.sql$/i.test(config)
}

async function sqlText(config: string, directory: string): Promise<string> {
  if (!isPath(config)) return config
  return readFile(projectPath(directory, config), 'utf8').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT'
      ? fail('not_found', `There is no SQL file ${config} in the project.`, {
          hint: `It was looked for in ${directory}.`,
        })
      : Promise.reject(error),
  )
}

function at(place: string, error: unknown): unknown {
  if (!(error instanceof DevmlopsError) || error.code === 'cancelled') return error
  return new DevmlopsError(error.code, `${place}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    at: place,
    cause: error,
  })
}

let knownVersion: string | undefined

/** From the package's own description: loading the library only to ask costs more than a cached run may take. */
function duckdbVersion(): string {
  knownVersion ??= (
    createRequire(import.meta.url)('@duckdb/node-api/package.json') as { readonly version: string }
  ).version
  return knownVersion
}
