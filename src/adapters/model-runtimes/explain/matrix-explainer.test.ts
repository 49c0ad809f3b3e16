import assert from 'node:assert/strict'
import { test } from 'node:test'
import { branchTest, type LinearPredictor, type TreePredictor } from '../compiled/index.ts'
import { matrixExplainer } from './matrix-explainer.ts'
import { randomNumbers, randomTrees, shapleyByDefinition } from './random-trees.fixture.ts'

const columns = 5
const columnList = Array.from({ length: columns }, (_, i) => ({ name: `x${i}`, inputs: [i] }))
const next = randomNumbers(3)
const randomRow = (): number[] => Array.from({ length: columns }, () => (next() < 0.15 ? Number.NaN : next()))

function assertNear(found: ArrayLike<number>, expected: readonly number[], what: string): void {
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs((found[i] ?? Number.NaN) - value) < 1e-10, `${what}, ${i}: ${found[i]} for ${value}`)
}

function leafSum(trees: TreePredictor, node: number, target: number): number {
  let sum = 0
  for (let at = trees.leafStart[node] ?? 0; at < (trees.leafStart[node + 1] ?? 0); at++)
    if (trees.leafTarget[at] === target) sum += trees.leafWeight[at] ?? 0
  return sum
}

function scoreOf(trees: TreePredictor, row: readonly number[], target: number): number {
  const go = branchTest(trees)
  let sum = trees.base[target] ?? 0
  for (const root of trees.roots) {
    let node = root
    while ((trees.feature[node] ?? -1) >= 0) node = go(node, row[trees.feature[node] ?? 0] ?? 0)
    sum += leafSum(trees, node, target) * (trees.aggregate === 'average' ? 1 / trees.roots.length : 1)
  }
  return sum
}

/** What the paper calls EXPVALUE: both ways where the column is not known, by the rows that went there. */
function expectedScore(trees: TreePredictor, row: readonly number[], known: readonly boolean[]): number {
  const go = branchTest(trees)
  const visit = (node: number): number => {
    const column = trees.feature[node] ?? -1
    if (column < 0) return leafSum(trees, node, 0)
    if (known[column] === true) return visit(go(node, row[column] ?? 0))
    const [yes, no] = [trees.yes[node] ?? 0, trees.no[node] ?? 0]
    const [met, unmet] = [trees.cover?.[yes] ?? 0, trees.cover?.[no] ?? 0]
    return (met * visit(yes) + unmet * visit(no)) / (met + unmet)
  }
  return Array.from(trees.roots).reduce((sum, root) => sum + visit(root), trees.base[0] ?? 0)
}

for (const seed of [1, 2, 3, 4]) {
  test(`path-dependent values are the Shapley values over all subsets, trees ${seed}`, () => {
    const predictor = randomTrees({ trees: 3, depth: 6, columns, seed })
    const explainer = matrixExplainer({ predictor, columns: columnList }, { matrix: randomRow(), count: 1 })
    assert.equal(explainer?.method, 'tree_shap')
    for (let i = 0; i < 8; i++) {
      const row = randomRow()
      const values = new Float64Array(columns)
      const score = explainer?.explain({ matrix: row, start: 0 }, { target: 0, values }) ?? Number.NaN
      assertNear(
        values,
        shapleyByDefinition(columns, (known) => expectedScore(predictor, row, known)),
        'value',
      )
      assertNear([score], [scoreOf(predictor, row, 0)], 'score')
      assertNear(
        [explainer?.base(0) ?? 0],
        [expectedScore(predictor, row, Array(columns).fill(false))],
        'base',
      )
    }
  })

  test(`values against a background are the Shapley values over all subsets, trees ${seed}`, () => {
    const predictor = {
      ...randomTrees({ trees: 3, depth: 5, columns, seed, targets: 2, hasCover: false }),
      aggregate: seed % 2 === 0 ? ('average' as const) : ('sum' as const),
    }
    const others = Array.from({ length: 6 }, randomRow)
    const background = { matrix: others.flat(), count: others.length }
    const explainer = matrixExplainer({ predictor, columns: columnList }, background)
    assert.equal(explainer?.method, 'interventional_tree_shap')
    for (const target of [0, 1]) {
      const mixed = (row: readonly number[], known: readonly boolean[]): number =>
        others.reduce(
          (sum, other) =>
            sum +
            scoreOf(
              predictor,
              row.map((value, column) => (known[column] === true ? value : (other[column] ?? 0))),
              target,
            ) /
              others.length,
          0,
        )
      for (let i = 0; i < 5; i++) {
        const row = randomRow()
        const values = new Float64Array(columns)
        explainer?.explain({ matrix: row, start: 0 }, { target, values })
        assertNear(
          values,
          shapleyByDefinition(columns, (known) => mixed(row, known)),
          'value',
        )
        assertNear([explainer?.base(target) ?? 0], [mixed(row, Array(columns).fill(false))], 'base')
      }
    }
  })
}

test('values of deep trees with many columns still add up to the score', () => {
  const wide = 60
  const predictor = randomTrees({ trees: 5, depth: 14, columns: wide, seed: 11 })
  const columnsOf = Array.from({ length: wide }, (_, i) => ({ name: `x${i}`, inputs: [i] }))
  const explainer = matrixExplainer(
    { predictor, columns: columnsOf },
    { matrix: new Float64Array(wide), count: 1 },
  )
  for (let i = 0; i < 20; i++) {
    const row = Float64Array.from({ length: wide }, next)
    const values = new Float64Array(wide)
    const score = explainer?.explain({ matrix: row, start: 0 }, { target: 0, values }) ?? Number.NaN
    const sum = values.reduce((total, value) => total + value, explainer?.base(0) ?? 0)
    assert.ok(Math.abs(sum - score) < 1e-10, `${sum} for ${score}`)
  }
})

test('of a linear form, a value is the coefficient times how far the column is from its mean', () => {
  const predictor: LinearPredictor = {
    kind: 'linear',
    targets: 1,
    coefficients: Float64Array.from([2, -1]),
    base: Float64Array.from([0.5]),
  }
  const explainer = matrixExplainer(
    { predictor, columns: columnList.slice(0, 2) },
    { matrix: [0, 0, 4, 2], count: 2 },
  )
  const values = new Float64Array(2)
  const score = explainer?.explain({ matrix: [5, 5], start: 0 }, { target: 0, values })
  assert.deepEqual([...values, score, explainer?.base(0)], [6, -4, 5.5, 3.5])
})

test('leaves of which only the largest counts are left to another way', () => {
  const predictor = { ...randomTrees({ trees: 2, depth: 3, columns }), aggregate: 'max' as const }
  assert.equal(
    matrixExplainer({ predictor, columns: columnList }, { matrix: randomRow(), count: 1 }),
    undefined,
  )
})
