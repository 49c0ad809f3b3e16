import { branchTest, type TreePredictor } from '../compiled/index.ts'

type Numbers = ArrayLike<number>

/** Where one row of the matrix goes: 1 at each branch that it passes to `yes`; asked of all branches, reached or not. */
export type TreeAnswers = (matrix: Numbers, start: number, answers: Uint8Array) => void

export function treeAnswers(trees: TreePredictor): TreeAnswers {
  const { feature, yes } = trees
  const test = branchTest(trees)
  const branches = Int32Array.from([...feature.keys()].filter((node) => (feature[node] as number) >= 0))
  return (matrix, start, answers) => {
    for (let i = 0; i < branches.length; i++) {
      const node = branches[i] as number
      const value = matrix[start + (feature[node] as number)] as number
      answers[node] = Number(test(node, value) === yes[node])
    }
  }
}

/** The raw score of one target, walked from the roots in double precision: what contributions must add up to. */
export function walkedScore(trees: TreePredictor, answers: Uint8Array, target: number): number {
  const { roots, feature, yes, no, leafStart, leafTarget, leafWeight, aggregate, base } = trees
  let sum = 0
  for (const root of roots) {
    let node = root
    while ((feature[node] as number) >= 0) node = (answers[node] === 1 ? yes[node] : no[node]) as number
    for (let at = leafStart[node] as number; at < (leafStart[node + 1] as number); at++)
      if (leafTarget[at] === target) sum += leafWeight[at] as number
  }
  return (aggregate === 'average' ? sum / roots.length : sum) + (base[target] as number)
}
