import type { ModelSignature } from '#lifecycle/tracking/contract'
import { decodeGraph } from '#platform/onnx/index'
import { exposeOutputs } from './exposed-graph.ts'
import { chooseScorer, type ScorerChoice } from './scorer-choice.ts'
import { createSessionScorer, type SessionScorer } from './session-scorer.ts'

export interface ScorerSource {
  readonly label: string
  readonly bytes: Uint8Array
  readonly signature: ModelSignature
  /** Another program made the graph: its outputs are given names that serving understands. */
  readonly isForeign: boolean
  /** Whether to find out how its batches are scored best; once for a model is enough. */
  readonly chooses: boolean
}

/** What loading a model brought to light. */
export interface OpenedModel {
  readonly outputs: ModelSignature['outputs']
  /** Outputs of another program's graph: what they were called, and are called now. */
  readonly renamed: readonly (readonly [before: string, now: string])[] | undefined
  readonly choice: ScorerChoice | undefined
}

/** Larger graphs take longer than a millisecond for a full batch, and long to read. */
const compiledBytesLimit = 4 * 2 ** 20

/** Reads a graph and makes a session of it. It takes the thread that it runs on for as long as that takes. */
export async function openModel({
  label,
  bytes,
  signature,
  isForeign,
  chooses,
}: ScorerSource): Promise<{ scorer: SessionScorer; opened: OpenedModel }> {
  const exposed = isForeign ? exposeOutputs(bytes, label) : undefined
  const own = exposed === undefined ? signature : { inputs: signature.inputs, outputs: [...exposed.outputs] }
  const onnx = exposed?.onnx ?? bytes
  const scorer = await createSessionScorer({ label, bytes: onnx, signature: own })
  const isSmall = onnx.length <= compiledBytesLimit
  const choice = chooses
    ? await chooseScorer(isSmall ? decodeGraph(onnx, label) : undefined, own, scorer)
    : undefined
  return { scorer, opened: { outputs: own.outputs, renamed: exposed?.renamed, choice } }
}
