import { fail } from '#contract/errors'
import { fitPreparation, type FeatureRequest } from '#lifecycle/features/index'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { DeployableVersion } from '../deployed-versions.ts'
import type { GraphSettings, GraphSource } from '../deployment/graph.ts'
import type { GraphPlan } from '../deployment/variant-plan.ts'

type Input = ModelSignature['inputs'][number]
type FeatureNode = Extract<GraphSettings['nodes'][number], { feature: unknown }>

/**
 * A graph of models in the serving plan, and what clients send for it: the fields of all nodes that no earlier node
 * gives. Fails with `invalid_input` and the name of the node that does not fit.
 */
export function graphVersion(
  { nodes: settings, output }: GraphSettings,
  versions: ReadonlyMap<string, DeployableVersion>,
): { readonly graph: GraphPlan; readonly signature: ModelSignature } {
  const fields = new Map<string, Input & { readonly node: string }>()
  const earlier = new Set<string>()
  const ask = (node: string, input: Input): void => {
    const known = fields.get(input.name)
    const type = known === undefined ? input.type : commonType(known.type, input.type)
    if (type === undefined || (known !== undefined && String(known.shape) !== String(input.shape))) {
      wrong(
        node,
        `takes "${input.name}" as ${input.type}, and the node ${known?.node} takes it as ${known?.type}`,
      )
    }
    fields.set(input.name, { ...input, type, node, required: input.required || known?.required === true })
  }
  const nodes = settings.map((node): GraphPlan['nodes'][number] => {
    if (earlier.has(node.name)) wrong(node.name, 'has the name of an earlier node')
    const source = (wire: string): GraphSource => sourceOf(wire, earlier)
    try {
      if ('feature' in node) return featureNode(node, { source, ask })
      const version = versions.get(node.name) ?? wrong(node.name, 'was not pinned')
      const { inputs } = version.signature
      const unknown = Object.keys(node.inputs).find((name) => !inputs.some((input) => input.name === name))
      if (unknown !== undefined)
        wrong(node.name, `has no field "${unknown}"; it has ${inputs.map(({ name }) => name).join(', ')}`)
      const wired = inputs.map((input): [string, GraphSource] => {
        const from = source(node.inputs[input.name] ?? input.name)
        if ('field' in from) ask(node.name, { ...input, name: from.field })
        return [input.name, from]
      })
      return { name: node.name, model: version, inputs: Object.fromEntries(wired) }
    } finally {
      earlier.add(node.name)
    }
  })
  const [last] = settings.slice(-1)
  const inputs = [...fields.values()].map(({ node: _node, ...input }) => input)
  if (inputs.length === 0) fail('invalid_input', 'The graph takes nothing of the request.')
  return {
    graph: {
      nodes,
      ...(output === undefined
        ? {}
        : {
            output: {
              combine: output.combine ?? 'copy',
              of: output.of.map((wire) => sourceOf(wire, earlier)),
              ...(output.weights === undefined ? {} : { weights: output.weights }),
              ...(output.name === undefined ? {} : { name: output.name }),
            },
          }),
    },
    signature: { inputs, outputs: outputsOf(versions.get(last?.name ?? '')) },
  }
}

/** By what they hold: a value of an earlier one is a value of all later ones. */
const numberTypes = ['integer', 'long', 'float', 'double'] as const satisfies readonly Input['type'][]

/** The type whose values both take; undefined when there is none. */
function commonType(left: Input['type'], right: Input['type']): Input['type'] | undefined {
  if (left === right) return left
  const both: readonly string[] = [left, right]
  const isNumbers = both.every((type) => (numberTypes as readonly string[]).includes(type))
  return isNumbers ? numberTypes.find((type) => both.includes(type)) : undefined
}

/** Until the graph is loaded, which knows what its nodes give. */
function outputsOf(last: DeployableVersion | undefined): ModelSignature['outputs'] {
  return last?.signature.outputs ?? [{ name: 'prediction', type: 'double' }]
}

/** `node`, `node.output` and `node.output[2]` of an earlier node; anything else is a field of the request. */
function sourceOf(wire: string, earlier: ReadonlySet<string>): GraphSource {
  const [, path = wire, position] = /^([^[]*)(?:\[(\d+)\])?$/.exec(wire) ?? []
  const [node = '', ...rest] = path.split('.')
  if (!earlier.has(node)) return { field: path }
  return {
    node,
    ...(rest.length === 0 ? {} : { output: rest.join('.') }),
    ...(position === undefined ? {} : { index: Number(position) }),
  }
}

/** The expression of the feature, with nothing left to fit. */
function featureNode(
  { name, feature }: FeatureNode,
  { source, ask }: { source: (wire: string) => GraphSource; ask: (node: string, input: Input) => void },
): GraphPlan['nodes'][number] {
  const { impute, bucket, scale, encode } = feature
  const fitted =
    typeof impute === 'string'
      ? 'impute'
      : bucket !== undefined && !Array.isArray(bucket)
        ? 'bucket'
        : scale !== undefined
          ? 'scale'
          : encode !== undefined
            ? 'encode'
            : undefined
  if (fitted !== undefined) {
    wrong(name, `has \`${fitted}\`, which is fitted in training; here only fixed values can stand`)
  }
  const isTime = feature.part !== undefined
  const isText = impute !== undefined && typeof impute === 'object' && typeof impute.value === 'string'
  const kind = isTime ? 'time' : isText ? 'text' : 'number'
  const request: FeatureRequest = { name, config: { ...feature, by: 1 } }
  const columns = [feature.column, ...(feature.ratio ?? []), ...(feature.difference ?? [])].filter(
    (column) => column !== undefined,
  )
  const frame = {
    rows: 0,
    columns: Object.fromEntries(
      columns.map((column) => [
        column,
        isText
          ? { kind: 'category' as const, codes: new Int32Array(0), levels: [] }
          : { kind: 'number' as const, values: new Float64Array(0) },
      ]),
    ),
  }
  const { preparation } = fitPreparation([request], { frame, kindOf: () => kind, label: undefined })
  const inputs = preparation.inputs.map(({ name: column }): [string, GraphSource] => {
    const from = source(column)
    const type = isTime ? 'datetime' : isText ? 'string' : 'double'
    if ('field' in from) ask(name, { name: from.field, type, required: false })
    return [column, from]
  })
  const outputs = preparation.features.flatMap(({ columns: made }) => made)
  return { name, inputs: Object.fromEntries(inputs), outputs }
}

function wrong(node: string, what: string): never {
  return fail('invalid_input', `The node ${node} ${what}.`, { at: `graph.nodes.${node}` })
}
