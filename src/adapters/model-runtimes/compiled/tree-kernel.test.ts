import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import type { TreePredictor } from './parsed-model.ts'
import { createTreeLoop } from './run-trees.ts'
import { createTreeKernel } from './tree-kernel.ts'

const columns = 5

interface Shape {
  readonly trees: number
  readonly modes: readonly number[]
  readonly aggregate?: 'sum' | 'average'
}

/** Trees of any form: leaves at any depth, a few that are only a leaf, thresholds that values meet exactly. */
function randomTrees(seed: number, { trees, modes, aggregate = 'sum' }: Shape): TreePredictor {
  const random = createRandom(seed)
  const nodes: {
    feature: number
    mode: number
    threshold: number
    yes: number
    no: number
    missing: number
  }[] = []
  const roots: number[] = []
  const grow = (depth: number): number => {
    const at = nodes.length
    const isLeaf = depth === 0 || random.uniform() < 0.15
    const node = {
      feature: isLeaf ? -1 : random.below(columns),
      mode: modes[random.below(modes.length)] as number,
      threshold: [-3, -1, -0, 0, 0.5, 1, 2 ** -149, Infinity][random.below(8)] as number,
      yes: 0,
      no: 0,
      missing: random.below(2),
    }
    nodes.push(node)
    if (!isLeaf) [node.yes, node.no] = [grow(depth - 1), grow(depth - 1)]
    return at
  }
  for (let tree = 0; tree < trees; tree++) roots.push(grow(1 + random.below(9)))
  return {
    kind: 'trees',
    targets: 1,
    roots: Int32Array.from(roots),
    feature: Int32Array.from(nodes, ({ feature }) => feature),
    mode: Uint8Array.from(nodes, ({ mode }) => mode),
    threshold: Float32Array.from(nodes, ({ threshold }) => threshold),
    yes: Int32Array.from(nodes, ({ yes }) => yes),
    no: Int32Array.from(nodes, ({ no }) => no),
    missingGoesYes: Uint8Array.from(nodes, ({ missing }) => missing),
    memberStart: new Int32Array(nodes.length + 1),
    members: new Float32Array(0),
    leafStart: Int32Array.from(
      { length: nodes.length + 1 },
      (_, index) => nodes.slice(0, index).filter(({ feature }) => feature < 0).length,
    ),
    leafTarget: new Int32Array(nodes.length),
    leafWeight: Float32Array.from(
      nodes.filter(({ feature }) => feature < 0),
      () => random.normal(),
    ),
    cover: undefined,
    aggregate,
    base: Float64Array.of(0.25),
  }
}

function randomMatrix(seed: number, rows: number): Float32Array {
  const random = createRandom(seed)
  const awkward = [Number.NaN, -Infinity, Infinity, -0, 0, 0.5, 1, -1, 2 ** -149, -(2 ** -149)]
  return Float32Array.from({ length: rows * columns }, () =>
    random.uniform() < 0.5 ? (awkward[random.below(awkward.length)] as number) : random.normal(),
  )
}

test('the kernel gives every row the score of the loop, to the last bit', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const trees = randomTrees(seed, {
      trees: 1 + (seed % 12),
      modes: [[0], [1], [2], [3], [0, 1, 2, 3]][seed % 5] as number[],
      aggregate: seed % 2 === 0 ? 'sum' : 'average',
    })
    const kernel = createTreeKernel(trees, columns)
    assert.ok(kernel, `seed ${seed}`)
    const loop = createTreeLoop(trees, columns)
    for (const rows of [1, 3, 16, 17, 255, 256, 700]) {
      const matrix = randomMatrix(seed * 1000 + rows, rows)
      const [ours, expected] = [new Float32Array(rows), new Float32Array(rows)]
      kernel(matrix, rows, ours)
      loop(matrix, rows, expected)
      assert.deepEqual(ours, expected, `seed ${seed}, ${rows} rows`)
    }
  }
})

test('what is left in a block from other rows never shows', () => {
  const trees = randomTrees(7, { trees: 9, modes: [0] })
  const kernel = createTreeKernel(trees, columns)
  assert.ok(kernel)
  const matrix = randomMatrix(5, 20)
  const [alone, after] = [new Float32Array(20), new Float32Array(20)]
  kernel(matrix, 20, alone)
  kernel(randomMatrix(6, 256), 256, new Float32Array(256))
  kernel(matrix, 20, after)
  assert.deepEqual(after, alone)
})

test('trees of another kind are left to the loop', () => {
  const usual = randomTrees(3, { trees: 3, modes: [0] })
  assert.equal(createTreeKernel(randomTrees(3, { trees: 3, modes: [4] }), columns), undefined)
  const nothingBelow = { ...randomTrees(3, { trees: 3, modes: [1] }) }
  const threshold = nothingBelow.threshold.map(() => -Infinity)
  assert.equal(createTreeKernel({ ...nothingBelow, threshold }, columns), undefined)
  assert.equal(createTreeKernel({ ...usual, targets: 2 }, columns), undefined)
  assert.equal(createTreeKernel({ ...usual, aggregate: 'max' }, columns), undefined)
  assert.equal(
    createTreeKernel({ ...usual, threshold: new Float64Array(usual.threshold) }, columns),
    undefined,
  )
})
