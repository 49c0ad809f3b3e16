import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import { encodeModel, floats, integer, integers, node, strings, value } from '#platform/onnx/index'
import { createOnnxRuntime } from './onnx-runtime.ts'

/** A forest that takes about so many microseconds a row. */
function forest(trees: number): Uint8Array {
  const depth = 8
  const inner = 2 ** depth - 1
  const total = 2 ** (depth + 1) - 1
  const nodes = Array.from({ length: trees * total }, (_, index) => ({
    tree: Math.floor(index / total),
    id: index % total,
  }))
  const leaves = nodes.filter(({ id }) => id >= inner)
  return encodeModel({
    irVersion: 8,
    producerName: 'test',
    opsetImport: [{ version: 17 }, { domain: 'ai.onnx.ml', version: 3 }],
    metadataProps: [],
    graph: {
      name: 'forest',
      docString: '',
      node: [
        node(
          { type: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml' },
          { inputs: ['x'], outputs: ['prediction'] },
          {
            n_targets: integer(1),
            nodes_treeids: integers(nodes.map(({ tree }) => tree)),
            nodes_nodeids: integers(nodes.map(({ id }) => id)),
            nodes_featureids: integers(nodes.map(() => 0)),
            nodes_values: floats(nodes.map(({ id, tree }) => ((id * 37 + tree) % 101) / 101)),
            nodes_modes: strings(nodes.map(({ id }) => (id >= inner ? 'LEAF' : 'BRANCH_LEQ'))),
            nodes_truenodeids: integers(nodes.map(({ id }) => (id >= inner ? 0 : id * 2 + 1))),
            nodes_falsenodeids: integers(nodes.map(({ id }) => (id >= inner ? 0 : id * 2 + 2))),
            target_treeids: integers(leaves.map(({ tree }) => tree)),
            target_nodeids: integers(leaves.map(({ id }) => id)),
            target_ids: integers(leaves.map(() => 0)),
            target_weights: floats(leaves.map(() => 1)),
            base_values: floats([0]),
          },
        ),
      ],
      initializer: [],
      input: [value('x', 'float', ['N', 1])],
      output: [value('prediction', 'float', ['N', 1])],
    },
  })
}

const batchOf = (rows: number): RowBatch => ({
  rows,
  numbers: Float64Array.from({ length: rows }, (_, row) => (row % 100) / 100),
  texts: [],
})

test('answers a fast model while a slow one is scoring, on one thread for all', async (t) => {
  const runtime = createOnnxRuntime({ threads: 1, scorer: 'onnxruntime' })
  t.after(() => runtime.close())
  const load = (trees: number) => {
    const bytes = forest(trees)
    return runtime.load({
      label: `forest of ${trees}`,
      signature: {
        inputs: [{ name: 'x', type: 'float', required: true }],
        outputs: [{ name: 'prediction', type: 'float' }],
      },
      format: undefined,
      paths: ['model.onnx'],
      read: async () => bytes,
    })
  }
  const slow = await load(400)
  const fast = await load(1)
  const rows = 24_000
  const expected = await slow.score(batchOf(rows))
  await fast.score(batchOf(1))
  // From here on it is known that batches of this size take long.
  let isSlowBack = false
  const running = slow.score(batchOf(rows)).finally(() => (isSlowBack = true))
  for (let count = 0; count < 3; count++) {
    await fast.score(batchOf(1))
    assert.equal(isSlowBack, false, 'the fast model waited for the slow one')
  }
  const again = await running
  assert.deepEqual(again.outputs[0]?.values.slice(0, 50), expected.outputs[0]?.values.slice(0, 50))
  await slow.release()
  await fast.score(batchOf(1))
  await fast.release()
})
