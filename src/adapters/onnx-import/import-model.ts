import { resolve } from 'node:path'
import { fail } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/index'
import { digestOf } from '#platform/blobs/index'
import { encodeModel } from '#platform/onnx/index'
import { exposeModel } from '../model-runtimes/onnx/exposed-graph.ts'
import { createOnnxRuntime } from '../model-runtimes/onnx/index.ts'
import { readExpectedScores } from './expected-scores.ts'
import { graphFacts, graphInputs, type GraphFacts } from './graph-facts.ts'
import { oneFile, readOnnxFile } from './onnx-file.ts'
import { checkParity, type ParityReport } from './parity.ts'

export interface ImportRequest {
  /** Of the ONNX file. */
  readonly path: string
  /** Names of a matrix's columns, in order. */
  readonly columns?: readonly string[] | undefined
  /** What the graph does not say, such as which inputs may be missing. */
  readonly signature?: ModelSignature | undefined
  /** Rows that the trainer scored, as CSV or Parquet. */
  readonly scores?: string | undefined
  readonly tolerance: number
}

/** A model that is read, named and tried, ready to be kept. */
export interface PreparedImport {
  readonly signature: ModelSignature
  readonly report: ImportReport
  /** By path: `model.onnx`, which is served, and the originals where they differ from it. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Kept with the version as `import.json`. */
export interface ImportReport extends GraphFacts {
  readonly file: string
  readonly digest: string
  readonly externalFiles: readonly string[]
  /** Outputs by the names that they had, and have now. */
  readonly renamed: readonly (readonly [before: string, now: string])[]
  readonly leftOut: readonly string[]
  /** Null: there were no scores to compare with. */
  readonly parity: ParityReport | null
}

/** Reads a file, gives its outputs names that serving understands, and scores with it what its trainer has scored. */
export async function prepareImport({
  path,
  columns,
  signature: stated,
  scores,
  tolerance,
}: ImportRequest): Promise<PreparedImport> {
  const file = await readOnnxFile(path)
  const label = file.name
  const inputs = stated?.inputs ?? graphInputs(file.model, { columns, label })
  const exposed = exposeModel(file.model, label)
  const onnx = exposed.isUnchanged ? oneFile(file) : encodeModel(exposed.model)
  const signature: ModelSignature = { inputs: [...inputs], outputs: [...exposed.outputs] }
  const facts = graphFacts(file.model)
  const before = new Map(exposed.renamed.map(([was, now]) => [now, was]))
  const runtime = createOnnxRuntime({ threads: 0 })
  const model = await runtime.load({
    label,
    signature,
    format: undefined,
    paths: ['model.onnx'],
    read: () => Promise.resolve(onnx),
  })
  try {
    const parity =
      scores === undefined
        ? null
        : await checkParity({
            model,
            signature,
            frame: await readExpectedScores(resolve(scores), signature),
            before,
            classes: facts.classes,
            tolerance,
            path: scores,
          })
    const originals: [string, Uint8Array][] =
      exposed.isUnchanged && file.external.size === 0 ? [] : [[`original/${file.name}`, file.bytes]]
    for (const [name, bytes] of file.external) originals.push([`original/${name}`, bytes])
    return {
      signature,
      report: {
        ...facts,
        file: file.name,
        digest: digestOf(file.bytes),
        externalFiles: [...file.external.keys()],
        renamed: exposed.renamed.filter(([was, now]) => was !== now),
        leftOut: exposed.leftOut,
        parity,
      },
      files: new Map([['model.onnx', onnx], ...originals]),
    }
  } finally {
    await model.release()
    await runtime.close()
  }
}

/** Fails with `gate_failed` when the scores are further from the trainer's than they may be. */
export function requireParity({ parity }: ImportReport, file: string): void {
  if (parity === null || parity.passed) return
  const worst = parity.outputs.toSorted((left, right) => right.rowsBeyond - left.rowsBeyond)[0]
  if (worst === undefined) return
  const largest =
    worst.largestDifference === null
      ? ''
      : `, the largest difference is ${worst.largestDifference.toPrecision(3)}`
  const example = worst.worstRows[0]
  const shown =
    example === undefined ? '' : `Row ${example.row + 1}: ${example.got} instead of ${example.expected}. `
  fail(
    'gate_failed',
    `${file} does not score as its trainer did: "${worst.output}" differs in ${worst.rowsBeyond} of ${parity.rows} rows${largest}.`,
    {
      hint: `${shown}Export it again in single precision as it was trained, raise --tolerance, or take it with --allow-difference.`,
      at: 'scores',
    },
  )
}
