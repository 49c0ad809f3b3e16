import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { createEvaluator, isText, type Expression } from '#lifecycle/features/reads'
import type {
  GraphPlan,
  GraphSource,
  LoadedModel,
  ModelSource,
  NodeModel,
  RowBatch,
  ScoreCall,
  ScoredRows,
  SignatureOutput,
} from '#lifecycle/serving/model-runtime-point'
import { combination } from './combine.ts'
import { fieldPlaces, isTexts, nodeBatch, outputOf, type FieldPlaces, type Values } from './node-batch.ts'

/** Nodes wait for one another, so more batches than there are threads are on their way. */
const parallelBatches = 8

type PlanNode = GraphPlan['nodes'][number]
type FeatureNode = Exclude<PlanNode, { model: unknown }>

interface RunningNode {
  readonly name: string
  readonly outputs: readonly SignatureOutput[]
  /** Nodes that must have been scored before. */
  readonly needs: readonly string[]
  run(run: GraphRun): Promise<ScoredRows>
}

interface GraphRun {
  readonly batch: RowBatch
  readonly call: ScoreCall | undefined
  readonly scored: ReadonlyMap<string, ScoredRows>
}

/**
 * Several models as one. Each node starts as soon as those that it takes values from are done, so independent ones run
 * beside each other. The models belong to whoever loaded them; nothing is held here.
 */
export function loadGraph({ label, signature, graph }: ModelSource): LoadedModel {
  if (graph === undefined) return fail('internal', `${label} is no graph of models.`)
  const { plan, nodes: models } = graph
  const request = fieldPlaces(signature)
  const nodes = new Map<string, RunningNode>()
  for (const node of plan.nodes) {
    nodes.set(
      node.name,
      'model' in node ? modelNode(node, models, { request, nodes }) : featureNode(node, { request, nodes }),
    )
  }
  const answer = answerOf(plan, nodes)
  return {
    platform: 'devmlops_graph',
    parallelBatches,
    outputs: answer.outputs,
    isWarm: false,
    memoryBytes: () => 0,
    health: () => {
      for (const [name, model] of models) {
        const reason = model.health()
        if (reason !== undefined) return `The node ${name}: ${reason}`
      }
      return undefined
    },
    score: async (batch, call) => answer.read(await runAll([...nodes.values()], batch, call), batch.rows),
    release: () => Promise.resolve(),
  }
}

async function runAll(
  nodes: readonly RunningNode[],
  batch: RowBatch,
  call: ScoreCall | undefined,
): Promise<ReadonlyMap<string, ScoredRows>> {
  const scored = new Map<string, ScoredRows>()
  const running = new Map<string, Promise<void>>()
  for (const node of nodes) {
    // Nodes come in order: what one needs has begun before it.
    const before = node.needs.map(async (name) => running.get(name))
    running.set(
      node.name,
      (async () => {
        await Promise.all(before)
        try {
          scored.set(node.name, await node.run({ batch, call, scored }))
        } catch (error) {
          throw named(error, node.name)
        }
      })(),
    )
  }
  await Promise.all(running.values())
  return scored
}

/** Says which node failed; once, since whoever needs it fails with the same error. */
function named(error: unknown, node: string): unknown {
  if (!(error instanceof DevmlopsError))
    return new DevmlopsError('internal', `Node ${node}: ${messageOf(error)}`, { cause: error })
  return new DevmlopsError(error.code, `Node ${node}: ${error.message}`, {
    at: `node ${node}`,
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}

interface Earlier {
  readonly request: FieldPlaces
  readonly nodes: ReadonlyMap<string, RunningNode>
}

function modelNode(
  { name, inputs }: Extract<PlanNode, { model: unknown }>,
  models: ReadonlyMap<string, NodeModel>,
  earlier: Earlier,
): RunningNode {
  const model = models.get(name) ?? fail('internal', `The node ${name} was not loaded.`)
  const readers = readersOf(inputs, earlier)
  return {
    name,
    outputs: model.signature.outputs,
    needs: needsOf(inputs),
    run: ({ batch, call, scored }) =>
      model.score(
        nodeBatch(model.signature, batch.rows, (field) => {
          const read = readers.get(field) ?? fail('internal', `The node ${name} is given no "${field}".`)
          return read(batch, scored)
        }),
        call,
      ),
  }
}

type Read = (batch: RowBatch, scored: ReadonlyMap<string, ScoredRows>) => Values

function readersOf(
  inputs: Readonly<Record<string, GraphSource>>,
  { request, nodes }: Earlier,
): ReadonlyMap<string, Read> {
  return new Map(
    Object.entries(inputs).map(([field, source]): [string, Read] => {
      if ('field' in source) return [field, (batch) => request.read(batch, source.field)]
      const { read } = outputOf(source, nodes.get(source.node)?.outputs ?? [])
      return [field, (_, scored) => read(scored.get(source.node) as ScoredRows)]
    }),
  )
}

function needsOf(inputs: Readonly<Record<string, GraphSource>>): string[] {
  return Object.values(inputs).flatMap((source) => ('node' in source ? [source.node] : []))
}

/** A step on the row, computed here: it costs less than to send it anywhere. */
function featureNode({ name, inputs, outputs }: FeatureNode, earlier: Earlier): RunningNode {
  const readers = readersOf(inputs, earlier)
  const steps = outputs.map((output) => ({ ...output, expression: output.expression as Expression }))
  const named = steps.map(({ name: output, expression }): SignatureOutput => ({
    name: output,
    type: isText(expression) ? 'string' : 'double',
  }))
  return {
    name,
    outputs: named,
    needs: needsOf(inputs),
    run: async ({ batch, scored }) => {
      const { rows } = batch
      const columns = Object.fromEntries(
        [...readers].map(([column, read]) => [column, columnOf(read(batch, scored).values)]),
      )
      const evaluator = createEvaluator({ rows, columns })
      return {
        rows,
        outputs: steps.map(({ expression }) => {
          const column = evaluator.column(expression)
          if (column.kind === 'number') return { width: 1, values: column.values.slice() }
          return {
            width: 1,
            values: Array.from(column.codes, (code) => (code === -1 ? '' : (column.levels[code] as string))),
          }
        }),
      }
    },
  }
}

function columnOf(values: Values['values']) {
  if (!isTexts(values)) return { kind: 'number' as const, values: Float64Array.from(values, Number) }
  const levels = [...new Set(values)]
  const places = new Map(levels.map((level, place) => [level, place]))
  return {
    kind: 'category' as const,
    codes: Int32Array.from(values, (value) => (value === '' ? -1 : (places.get(value) ?? -1))),
    levels,
  }
}

/** What the graph gives: the combination that is asked for, or all that its last node gives. */
function answerOf(
  { output, nodes: planned }: GraphPlan,
  nodes: ReadonlyMap<string, RunningNode>,
): {
  readonly outputs: readonly SignatureOutput[]
  read(scored: ReadonlyMap<string, ScoredRows>, rows: number): ScoredRows
} {
  const last = planned.at(-1)?.name ?? ''
  const whole = (name: string) => ({
    outputs: nodes.get(name)?.outputs ?? [],
    read: (scored: ReadonlyMap<string, ScoredRows>) => scored.get(name) as ScoredRows,
  })
  if (output === undefined) return whole(last)
  const [only] = output.of
  if (output.combine === 'copy' && only !== undefined && 'node' in only && only.output === undefined)
    return whole(only.node)
  const sources = output.of.map((source) => {
    if ('field' in source)
      return fail('invalid_input', `The output of the graph names "${source.field}", which is no node.`)
    // A vote is about labels, where the node gives one beside its chance.
    const outputs = nodes.get(source.node)?.outputs ?? []
    const isLabelled =
      output.combine === 'vote' && source.output === undefined && outputs.some(({ name }) => name === 'label')
    return { node: source.node, ...outputOf(isLabelled ? { ...source, output: 'label' } : source, outputs) }
  })
  const combined = combination(
    output,
    sources.map(({ field }) => field),
  )
  return {
    outputs: combined.outputs,
    read: (scored, rows) => ({
      rows,
      outputs: combined.combine(
        sources.map(({ node, read }) => read(scored.get(node) as ScoredRows)),
        rows,
      ),
    }),
  }
}
