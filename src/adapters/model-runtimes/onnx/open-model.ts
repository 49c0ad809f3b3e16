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
}

/** What loading a model brought to light. */
export interface OpenedModel {
  readonly outputs: ModelSignature['outputs']
  /** Outputs of another program's graph: what they were called, and are called now. */
  readonly renamed: readonly (readonly [before: string, now: string])[] | undefined
}

/** Larger graphs take longer than a millisecond for a full batch, and long to read. */
const compiledBytesLimit = 4 * 2 ** 20

/** Reads a graph and makes a session of it. It takes the thread that it runs on for as long as that takes. */
export async function openModel(
  source: ScorerSource,
): Promise<{ scorer: SessionScorer; opened: OpenedModel }> {
  const { onnx, signature, renamed } = served(source)
  const scorer = await createSessionScorer({ label: source.label, bytes: onnx, signature })
  return { scorer, opened: { outputs: signature.outputs, renamed } }
}

/** Finds out how the batches of an open model are scored best. */
export async function chooseFor(source: ScorerSource, scorer: SessionScorer): Promise<ScorerChoice> {
  const { onnx, signature } = served(source)
  const isSmall = onnx.length <= compiledBytesLimit
  return chooseScorer(isSmall ? decodeGraph(onnx, source.label) : undefined, signature, scorer)
}

/** The graph as it is scored, with what it gives. */
function served({ label, bytes, signature, isForeign }: ScorerSource) {
  if (!isForeign) return { onnx: bytes, signature, renamed: undefined }
  const { onnx, outputs, renamed } = exposeOutputs(bytes, label)
  return { onnx, signature: { inputs: signature.inputs, outputs: [...outputs] }, renamed }
}
