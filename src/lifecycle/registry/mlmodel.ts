import { parseDocument } from 'yaml'
import { z } from 'zod'
import { fail, messageOf } from '#contract/errors'
import type { ColumnType, ModelSignature } from '#lifecycle/tracking/index'

/** The file in a model's folder that says how the model can be loaded and what it takes. */
export const mlModelFile = 'MLmodel'

/** What MLflow writes beside a model, as far as it is read here. */
export interface MlModel {
  /** Settings by flavour, such as `onnx` and `python_function`. */
  readonly flavors: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Null when the model has none, or one that columns of single values cannot express. */
  readonly signature: ModelSignature | null
  readonly runId: string | undefined
  readonly modelId: string | undefined
  readonly mlflowVersion: string | undefined
}

/** A signature of ten thousand columns takes about one megabyte. */
const longestFile = 8 * 1024 * 1024
const mostColumns = 20_000
/** Of a tensor, for one row: an image of a thousand by a thousand points in three colours. */
const mostValues = 4_000_000
const mostDimensions = 7
const maxAliasCount = 100

const documentSchema = z.object({
  flavors: z.record(z.string(), z.record(z.string(), z.unknown()).catch({})).catch({}),
  signature: z.object({ inputs: z.unknown(), outputs: z.unknown() }).partial().nullish().catch(null),
  run_id: z.string().optional().catch(undefined),
  model_id: z.string().optional().catch(undefined),
  mlflow_version: z.string().optional().catch(undefined),
})

/** Reads the text of an `MLmodel` file; fails with `unreadable_data`. */
export function readMlModel(text: string): MlModel {
  const parsed = documentSchema.safeParse(readYaml(text))
  if (!parsed.success) return unreadable('it is no mapping')
  const { flavors, signature, run_id, model_id, mlflow_version } = parsed.data
  return {
    flavors,
    signature: signature === null || signature === undefined ? null : readSignature(signature),
    runId: run_id,
    modelId: model_id,
    mlflowVersion: mlflow_version,
  }
}

function readYaml(text: string): unknown {
  if (text.length > longestFile) return unreadable(`it has ${text.length} characters`)
  // Nobody nests a hundred lists; the parser's time grows with the square of their number.
  if (/(?:[[{][ \t\r\n]*){100}/.test(text)) return unreadable('it is nested too deeply')
  try {
    const document = parseDocument(text, { logLevel: 'silent', strict: false, merge: true })
    const [error] = document.errors
    if (error !== undefined) return unreadable(error.message)
    return document.toJS({ maxAliasCount })
  } catch (error) {
    return unreadable(messageOf(error))
  }
}

function unreadable(why: string): never {
  return fail('unreadable_data', `The ${mlModelFile} file cannot be read: ${why}.`, {
    hint: 'Log the model again with a current MLflow client.',
  })
}

const specSchema = z.object({
  type: z.string(),
  name: z.union([z.string(), z.int()]).optional(),
  required: z.boolean().optional(),
  optional: z.boolean().optional(),
  'tensor-spec': z.object({ dtype: z.string(), shape: z.array(z.int()) }).optional(),
})
type Spec = z.infer<typeof specSchema>

const specsSchema = z.array(specSchema).min(1).max(mostColumns)

/**
 * MLflow's signature in our columns, or null when it has no such form. Columns are taken as they are. A tensor with one
 * value a row is a column; an unnamed input of shape [-1, n] becomes the columns `0` to `n-1`, as pandas names the columns
 * of a bare array; a named tensor, or one of more dimensions, is a field with a shape. What is given without a name is called `prediction`, and so is what a signature does not mention.
 */
export function readSignature(signature: { inputs?: unknown; outputs?: unknown }): ModelSignature | null {
  const inputs = columnsOf(signature.inputs, { unnamed: (index) => String(index), widenNamed: false })
  if (inputs === null || inputs.length === 0) return null
  const outputs = columnsOf(signature.outputs, {
    unnamed: (index, count) => (count === 1 ? 'prediction' : `prediction_${index}`),
    widenNamed: true,
  })
  const names = new Set(inputs.map(({ name }) => name))
  if (names.size !== inputs.length) return null
  return {
    inputs,
    outputs:
      outputs === null || outputs.length === 0
        ? [{ name: 'prediction', type: 'double' }]
        : outputs.map(({ name, type }) => ({ name, type })),
  }
}

interface Naming {
  unnamed(index: number, count: number): string
  /** Whether `name` of shape [-1, n] becomes `name_0` to `name_n-1`. */
  readonly widenNamed: boolean
}

type Column = ModelSignature['inputs'][number]

function columnsOf(value: unknown, naming: Naming): Column[] | null {
  const specs = specsSchema.safeParse(typeof value === 'string' ? parseJson(value) : value)
  if (!specs.success) return null
  const columns: Column[] = []
  for (const [index, spec] of specs.data.entries()) {
    const found = columnsOfSpec(spec, { ...naming, index, count: specs.data.length })
    if (found === null || columns.length + found.length > mostColumns) return null
    columns.push(...found)
  }
  return columns
}

function columnsOfSpec(
  spec: Spec,
  { index, count, unnamed, widenNamed }: Naming & { index: number; count: number },
): Column[] | null {
  const required = spec.required ?? spec.optional !== true
  const given = spec.name === undefined || spec.name === '' ? undefined : String(spec.name)
  const tensor = spec['tensor-spec']
  if (tensor === undefined) {
    const type = columnTypes[spec.type]
    return type === undefined ? null : [{ name: given ?? unnamed(index, count), type, required }]
  }
  const type = tensorTypes[tensor.dtype] ?? (/^<?[US]\d*$/.test(tensor.dtype) ? 'string' : undefined)
  const [rows, ...shape] = tensor.shape
  const [width = 1, ...more] = shape
  if (type === undefined || rows === undefined || shape.some((size) => size < 1)) return null
  if (!widenNamed && (more.length > 0 || (given !== undefined && width > 1))) {
    const isSmall =
      shape.length <= mostDimensions && shape.reduce((product, size) => product * size, 1) <= mostValues
    return isSmall ? [{ name: given ?? unnamed(index, count), type, required, shape }] : null
  }
  if (more.length > 0 || width > mostColumns) return null
  // One value a row has the shape [-1] or [-1, 1].
  if (width === 1) return [{ name: given ?? unnamed(index, count), type, required }]
  if (given === undefined && count > 1) return null
  return Array.from({ length: width }, (_, at) => ({
    name: given === undefined ? unnamed(at, width) : `${given}_${at}`,
    type,
    required,
  }))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const columnTypes: Readonly<Record<string, ColumnType | undefined>> = Object.assign(Object.create(null), {
  boolean: 'boolean',
  integer: 'integer',
  long: 'long',
  float: 'float',
  double: 'double',
  string: 'string',
  datetime: 'datetime',
})

/** NumPy's names; an unsigned type takes the signed one that holds all its values, or the widest there is. */
const tensorTypes: Readonly<Record<string, ColumnType | undefined>> = Object.assign(Object.create(null), {
  bool: 'boolean',
  int8: 'integer',
  int16: 'integer',
  int32: 'integer',
  int64: 'long',
  uint8: 'integer',
  uint16: 'integer',
  uint32: 'long',
  uint64: 'long',
  float16: 'float',
  float32: 'float',
  float64: 'double',
  object: 'string',
  str: 'string',
  'datetime64[ns]': 'datetime',
})
