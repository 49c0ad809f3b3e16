import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { environmentVariable } from '#platform/config'
import type { TreePredictor } from '../compiled/index.ts'
import { matrixExplainer } from './matrix-explainer.ts'
import { randomNumbers, randomTrees } from './random-trees.fixture.ts'

const python = environmentVariable('DEVMLOPS_TEST_PYTHON') ?? 'python3'
const isThere = spawnSync(python, ['-c', 'import shap'], { stdio: 'ignore' }).status === 0
const skip = isThere ? false : 'a Python with the package shap is not there (DEVMLOPS_TEST_PYTHON)'
const columns = 8

/** Nodes of each tree by themselves, as the package has them. */
function separateTrees(trees: TreePredictor): object[] {
  const ends = [...trees.roots.slice(1), trees.feature.length]
  return [...trees.roots].map((begin, i) => {
    const nodes = Array.from({ length: (ends[i] ?? 0) - begin }, (_, node) => begin + node)
    const isLeaf = (node: number) => (trees.feature[node] ?? -1) < 0
    return {
      yes: nodes.map((node) => (isLeaf(node) ? -1 : (trees.yes[node] ?? 0) - begin)),
      no: nodes.map((node) => (isLeaf(node) ? -1 : (trees.no[node] ?? 0) - begin)),
      feature: nodes.map((node) => trees.feature[node]),
      threshold: nodes.map((node) => trees.threshold[node]),
      value: nodes.map((node) => (isLeaf(node) ? trees.leafWeight[trees.leafStart[node] ?? 0] : 0)),
      cover: nodes.map((node) => trees.cover?.[node]),
    }
  })
}

for (const [title, others] of [
  ['path-dependent', 0],
  ['against a background', 12],
] as const) {
  test(`${title} values are those of the package shap`, { skip }, () => {
    const trees = randomTrees({ trees: 20, depth: 6, columns, seed: 21 })
    const next = randomNumbers(4)
    const randomRows = (count: number) =>
      Array.from({ length: count }, () => Array.from({ length: columns }, next))
    const [rows, background] = [randomRows(10), randomRows(others)]
    const input = { trees: separateTrees(trees), rows, background: others === 0 ? null : background }
    const { stdout, stderr } = spawnSync(python, [join(import.meta.dirname, 'shap_values.fixture.py')], {
      input: JSON.stringify(input),
      encoding: 'utf8',
    })
    assert.notEqual(stdout, '', stderr)
    const { values: expected } = JSON.parse(stdout) as { values: number[][] }
    const explainer = matrixExplainer(
      {
        predictor: others === 0 ? trees : { ...trees, cover: undefined },
        columns: Array.from({ length: columns }, (_, i) => ({ name: `x${i}`, inputs: [i] })),
      },
      others === 0 ? { matrix: rows[0] ?? [], count: 1 } : { matrix: background.flat(), count: others },
    )
    for (const [i, row] of rows.entries()) {
      const values = new Float64Array(columns)
      explainer?.explain({ matrix: row, start: 0 }, { target: 0, values })
      for (const [column, value] of values.entries()) {
        const theirs = expected[i]?.[column] ?? Number.NaN
        assert.ok(Math.abs(value - theirs) < 1e-6, `row ${i}, column ${column}: ${value} for ${theirs}`)
      }
    }
  })
}
