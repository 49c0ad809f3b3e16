import { fail } from '#contract/errors'
import type { ColumnType, ModelSignature } from '#lifecycle/tracking/index'
import { dimensionsOf, elementTypeOf, type Model, type ValueInfo } from '#platform/onnx/index'
import { tensorTypes } from '../model-runtimes/onnx/exposed-graph.ts'

/** What the file says of itself. */
export interface GraphFacts {
  readonly producer: string
  /** Operator sets by domain; the standard one is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>
  readonly metadata: Readonly<Record<string, string>>
  readonly description: string
  /** Labels of a classifier, in the order of its chances. */
  readonly classes: readonly (string | number)[]
}

const decoder = new TextDecoder()

export function graphFacts({
  producerName,
  producerVersion,
  opsetImport,
  metadataProps,
  ...model
}: Model): GraphFacts {
  const classes = model.graph.node.flatMap(({ attribute }) => {
    const labels = attribute.find(({ name }) => name.startsWith('classlabels_'))
    if (labels === undefined) return []
    const texts = (labels.strings ?? []).map((bytes) => decoder.decode(bytes))
    return [texts.length > 0 ? texts : Array.from(labels.ints ?? [], Number)]
  })[0]
  return {
    producer: [producerName, producerVersion].filter(Boolean).join(' '),
    opsets: Object.fromEntries(
      opsetImport.map(({ domain, version }) => [
        (domain ?? '') === '' ? 'ai.onnx' : (domain as string),
        Number(version),
      ]),
    ),
    metadata: Object.fromEntries(metadataProps.map(({ key, value }) => [key, value])),
    description: model.docString ?? '',
    classes: classes ?? [],
  }
}

/** Wider matrices are one field with a shape, such as an embedding, unless their columns have names. */
const matrixLimit = 256
/** Where converters and people write the names of a matrix's columns. */
const columnKeys = ['columns', 'feature_names', 'feature_names_in', 'input_columns']

/**
 * The inputs by the graph: a column each, one matrix as columns (named by `columns`, the file's metadata or `f0`, `f1`, …),
 * or fields with a shape.
 */
export function graphInputs(
  { graph, metadataProps }: Model,
  { columns, label }: { columns: readonly string[] | undefined; label: string },
): ModelSignature['inputs'] {
  const constants = new Set(graph.initializer.map(({ name }) => name))
  const tensors = graph.input.filter(({ name }) => !constants.has(name))
  if (tensors.length === 0) return fail('invalid_input', `${label} has no inputs.`)
  const [only] = tensors
  const ofRow = only === undefined ? [] : dimensionsOf(only).slice(1)
  const width = ofRow[0]
  const isMatrix = tensors.length === 1 && ofRow.length === 1 && width !== 1 && only !== undefined
  if (!isMatrix) {
    if (columns !== undefined)
      fail('invalid_input', `${label} has no matrix of columns to name.`, { at: 'columns' })
    return tensors.map((tensor) => field(tensor, label))
  }
  const names = columns ?? namesIn(metadataProps)
  if (names === undefined && (width === undefined || width > matrixLimit)) {
    if (width !== undefined) return [field(only, label)]
    return fail('invalid_input', `${label} takes a matrix and does not say how many columns it has.`, {
      hint: 'Name them in order: --columns age,income,city',
    })
  }
  const given = names ?? Array.from({ length: width ?? 0 }, (_, i) => `f${i}`)
  if (width !== undefined && given.length !== width) {
    fail('invalid_input', `${label} takes ${width} columns, and ${given.length} are named.`, {
      at: 'columns',
    })
  }
  if (new Set(given).size !== given.length)
    fail('invalid_input', `Two columns have the same name.`, { at: 'columns' })
  const type = columnType(only, label)
  return given.map((name) => ({ name, type, required: true }))
}

function field(tensor: ValueInfo, label: string): ModelSignature['inputs'][number] {
  const ofRow = dimensionsOf(tensor).slice(1)
  const type = columnType(tensor, label)
  const free = ofRow.findIndex((size) => size === undefined)
  if (free !== -1 && ofRow.length > 1) {
    fail('invalid_input', `${label}: dimension ${free + 1} of its input "${tensor.name}" is free.`, {
      hint: 'Only the first, that of the rows, may be. Say the shape with --signature.',
    })
  }
  const shape = ofRow.filter((size) => size !== undefined)
  return {
    name: tensor.name,
    type,
    required: true,
    ...(shape.every((size) => size === 1) ? {} : { shape }),
  }
}

function columnType(tensor: ValueInfo, label: string): ColumnType {
  const number = elementTypeOf(tensor)
  if (number === undefined) {
    return fail('invalid_input', `${label}: its input "${tensor.name}" is not a tensor.`, {
      hint: 'Sequences, maps and optional values cannot be sent; export it with one tensor for each input.',
    })
  }
  return (
    tensorTypes.get(number)?.type ??
    fail(
      'invalid_input',
      `${label}: its input "${tensor.name}" has a type that cannot be sent (${number}).`,
      {
        hint: 'bfloat16 and complex numbers are among them; export the model with float inputs.',
      },
    )
  )
}

function namesIn(properties: Model['metadataProps']): string[] | undefined {
  const found = properties.find(({ key }) => columnKeys.includes(key))?.value
  if (found === undefined) return undefined
  try {
    const parsed: unknown = JSON.parse(found)
    return Array.isArray(parsed) ? parsed.map(String) : undefined
  } catch {
    return found.split(',').map((name) => name.trim())
  }
}
