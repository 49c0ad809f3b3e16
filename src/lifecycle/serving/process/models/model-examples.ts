import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { LoadedModel, OutputColumn, RowBatch } from '../../model-runtime-point.ts'
import type { ModelPlan } from '../../plan.ts'
import { batchFromRecords } from '../rows/record-batch.ts'
import { rowSchema } from '../rows/row-schema.ts'

/** Rows that were stored with a model, and what it gave for them where that was stored too. */
export interface ModelExamples {
  readonly path: string
  readonly batch: RowBatch
  /** The first row as it was stored. */
  readonly firstRow: Readonly<Record<string, unknown>>
  /** By output, one value a row. */
  readonly expected: Readonly<Record<string, readonly (number | string | null)[]>>
}

/** Our own file, with what was given; and what MLflow's clients store, which is rows alone. */
const exampleFiles = ['examples.json', 'serving_input_example.json', 'input_example.json'] as const
const mostRows = 32
const mostBytes = 1024 * 1024
/** Scores are compared as 32-bit floats of different machines. */
const tolerance = 1e-4

type JsonObject = Readonly<Record<string, unknown>>

/** The first rows of what is stored; undefined when nothing is, or in a form that does not name fields. */
export async function readExamples(
  { files, signature }: Pick<ModelPlan, 'files' | 'signature'>,
  read: (path: string) => Promise<Uint8Array>,
): Promise<ModelExamples | undefined> {
  for (const path of exampleFiles) {
    const file = files.find((candidate) => candidate.path === path)
    if (file === undefined || file.sizeBytes > mostBytes) continue
    const document = parsed(await read(path))
    const records = recordsIn(document)?.slice(0, mostRows)
    if (records === undefined || records.length === 0) continue
    try {
      const batch = batchFromRecords(rowSchema(signature), records, {
        unknownFields: 'ignore',
        place: (row, field) => `${path}, row ${row}, "${field}"`,
      })
      const firstRow = records[0] as JsonObject
      return { path, batch, firstRow, expected: expectedIn(document, records.length) }
    } catch {
      // Not the fault of the model: the example was logged beside a signature that it does not have.
    }
  }
  return undefined
}

/**
 * Scores the examples: a model that cannot, that gives no finite numbers, or other scores than it was stored with, is
 * refused before it gets traffic.
 */
export async function tryExamples(
  loaded: LoadedModel,
  { path, batch, expected }: ModelExamples,
  label: string,
): Promise<void> {
  const { rows } = batch
  const { outputs } = await scored(loaded, batch, { label, path })
  if (outputs.length !== loaded.outputs.length) {
    fail(
      'invalid_input',
      `${label} gives ${outputs.length} outputs; its signature says ${loaded.outputs.length}.`,
    )
  }
  for (const [index, { name, type }] of loaded.outputs.entries()) {
    const column = outputs[index] as OutputColumn
    const { values, width } = column
    if (values.length !== rows * width) {
      fail('invalid_input', `${label} gives ${values.length} values of "${name}" for ${rows} examples.`)
    }
    if (type !== 'string') refuseNotFinite(values, { label, path, name, width })
    const wanted = expected[name]
    if (wanted === undefined || width !== 1) continue
    for (const [row, value] of wanted.entries()) {
      if (value === null || isSame(values[row], value)) continue
      fail(
        'invalid_input',
        `${label} gives ${name} ${String(values[row])} for example ${row} of ${path}; ${value} was stored with it.`,
        { hint: 'Its files, or what runs it, are not what they were when it was registered.' },
      )
    }
  }
}

async function scored(
  loaded: LoadedModel,
  batch: RowBatch,
  { label, path }: { readonly label: string; readonly path: string },
) {
  try {
    return await loaded.score(batch)
  } catch (error) {
    const code = error instanceof DevmlopsError ? error.code : 'invalid_input'
    return fail(
      code,
      `${label} cannot score the examples that were stored with it (${path}): ${messageOf(error)}`,
      {
        hint: 'Log the model again with an example that it takes.',
        cause: error,
      },
    )
  }
}

function refuseNotFinite(
  values: OutputColumn['values'],
  { label, path, name, width }: { label: string; path: string; name: string; width: number },
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value !== 'number' || Number.isFinite(value)) continue
    const row = Math.floor(i / width)
    fail(
      'invalid_input',
      `${label} gives ${name} ${value} for example ${row} of ${path}; a finite number is expected.`,
    )
  }
}

function isSame(found: number | bigint | string | undefined, expected: number | string): boolean {
  if (typeof expected === 'string') return String(found) === expected
  return Math.abs(Number(found) - expected) <= tolerance * Math.max(1, Math.abs(expected))
}

function parsed(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = Buffer.from(bytes)
      .toString('utf8')
      .replaceAll(/\bNaN\b/g, 'null')
    const document: unknown = JSON.parse(text)
    return isObject(document) ? document : undefined
  } catch {
    return undefined
  }
}

/** `{rows: [{…}]}` of ours; MLflow's `dataframe_split`, `dataframe_records`, `instances`, `inputs`, or a split table. */
function recordsIn(document: JsonObject | undefined): readonly unknown[] | undefined {
  if (document === undefined) return undefined
  const { rows, dataframe_records: records, instances, dataframe_split: split, inputs } = document
  for (const list of [rows, records, instances]) if (Array.isArray(list) && list.every(isObject)) return list
  const table = isObject(split) ? split : document
  const { columns, data } = table
  if (Array.isArray(columns) && Array.isArray(data)) {
    return data.map((row: unknown) =>
      Array.isArray(row) ? Object.fromEntries(columns.map((name, i) => [String(name), row[i]])) : row,
    )
  }
  if (!isObject(inputs)) return undefined
  const lists = Object.entries(inputs)
  const [first] = lists
  if (first === undefined || !lists.every(([, values]) => Array.isArray(values))) return undefined
  return (first[1] as readonly unknown[]).map((_, row) =>
    Object.fromEntries(lists.map(([name, values]) => [name, (values as readonly unknown[])[row]])),
  )
}

function expectedIn(document: JsonObject | undefined, rows: number): ModelExamples['expected'] {
  const outputs = document?.['outputs']
  if (!Array.isArray(outputs)) return {}
  const expected: Record<string, (number | string | null)[]> = {}
  for (const [row, given] of outputs.slice(0, rows).entries()) {
    if (!isObject(given)) continue
    for (const [name, value] of Object.entries(given)) {
      if (typeof value !== 'number' && typeof value !== 'string') continue
      const values = (expected[name] ??= Array.from({ length: rows }, () => null))
      values[row] = value
    }
  }
  return expected
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
