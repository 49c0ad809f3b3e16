import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { Model } from '#platform/onnx/index'
import { createCompiledScorer, parseModel, type ParsedModel } from '../compiled/index.ts'
import { probeRows } from '../compiled/probe-rows.ts'
import { sameScores } from '../compiled/same-scores.ts'
import type { SessionScorer } from './session-scorer.ts'

/** How a model's batches are scored, and why. */
export interface ScorerChoice {
  /** Batches of up to `rows` are scored where they are, without onnxruntime. */
  readonly compiled: { readonly model: ParsedModel; readonly rows: number } | undefined
  /** The graph read, where it gives the same scores, whatever scores its batches; for explanations. */
  readonly parsed?: ParsedModel | undefined
  /** Many rows cost less compiled too, so the threads do without onnxruntime. */
  readonly isFasterForMany?: boolean | undefined
  readonly figures: ScorerFigures
}

export interface ScorerFigures {
  /** Why onnxruntime scores everything. */
  readonly reason?: string
  /** Microseconds for one row and for {@link fullBatch} rows. */
  readonly compiledMicroseconds?: readonly [number, number]
  readonly onnxruntimeMicroseconds?: readonly [number, number]
}

const probeRowCount = 192
const fullBatch = 64
/** What a full batch may take of the event loop. */
const batchLimitMicroseconds = 1000
/** No batch may hold the event loop longer than a garbage collection does. */
const loopLimitMicroseconds = 2000
/** To a worker thread and back, both sides, measured with 20 columns: what onnxruntime costs beside its own time. */
const hopMicroseconds = 70
/** For each of the four measurements; one that is steady ends sooner. */
const measureLimitMs = 8
const steadyRuns = 6
const fewestRuns = 5

/**
 * Compares the compiled form of a graph with onnxruntime: first what they answer, on rows made to find differences, then
 * what they cost. Few rows are cheaper where the request is, as nothing has to change threads; many in onnxruntime.
 */
export async function chooseScorer(
  graph: Model | undefined,
  signature: ModelSignature,
  session: SessionScorer,
): Promise<ScorerChoice> {
  const onnxruntime = (reason: string): ScorerChoice => ({
    compiled: undefined,
    figures: { reason },
  })
  if (graph === undefined) return onnxruntime('the model is large')
  const parsed = parseModel(graph, signature)
  if (parsed.model === undefined) return onnxruntime(`the compiled form does not cover ${parsed.reason}`)
  const { model } = parsed
  const compiled = createCompiledScorer(model)
  const probe = probeRows(model, signature, probeRowCount)
  const expected = await session.score(probe).catch(() => undefined)
  if (expected === undefined) return onnxruntime('it does not take every row that the signature allows')
  if (!sameScores(compiled(probe), expected))
    return onnxruntime('the compiled form does not give the same scores')

  const [one, full] = [firstRows(probe, 1), firstRows(probe, fullBatch)]
  // The full batch first: it brings the code to speed.
  const ownFull = await fastest(() => compiled(full))
  const ours = [await fastest(() => compiled(one)), ownFull] as const
  const theirs = [await fastest(() => session.score(one)), await fastest(() => session.score(full))] as const
  const measured = { compiledMicroseconds: ours, onnxruntimeMicroseconds: theirs }
  const isFasterForMany = ours[1] < theirs[1]
  if (ours[1] > batchLimitMicroseconds)
    return {
      compiled: undefined,
      parsed: model,
      isFasterForMany,
      figures: { ...measured, reason: `a batch of ${fullBatch} rows takes too long` },
    }
  const rows = crossover(ours, theirs)
  return { compiled: { model, rows }, parsed: model, isFasterForMany, figures: measured }
}

/** The largest batch that costs less compiled than in onnxruntime with the way there, both taken as straight lines. */
function crossover(ours: readonly [number, number], theirs: readonly [number, number]): number {
  const perRow = (times: readonly [number, number]): number =>
    Math.max(0, times[1] - times[0]) / (fullBatch - 1)
  const [own, other] = [perRow(ours), perRow(theirs)]
  const withinLoop = Math.floor((loopLimitMicroseconds - ours[0]) / Math.max(own, 1e-3))
  const cheaper =
    own <= other ? Infinity : Math.floor((theirs[0] + hopMicroseconds - ours[0]) / (own - other))
  return Math.max(1, Math.min(withinLoop, cheaper))
}

/**
 * The shortest of several runs, in microseconds. The first ones are slow as their code is not compiled yet: it goes on while
 * they get faster, for a few milliseconds.
 */
async function fastest(run: () => unknown): Promise<number> {
  const end = performance.now() + measureLimitMs
  let best = Infinity
  let runs = 0
  for (let since = 0; runs < fewestRuns || (since < steadyRuns && performance.now() < end); since++) {
    runs++
    const begin = performance.now()
    await run()
    const took = performance.now() - begin
    if (took < best * 0.97) since = 0
    best = Math.min(best, took)
  }
  return best * 1000
}

function firstRows({ rows, numbers, texts }: RowBatch, count: number): RowBatch {
  const fields = numbers.length / rows
  const first = new Float64Array(fields * count)
  for (let field = 0; field < fields; field++)
    first.set(numbers.subarray(field * rows, field * rows + count), field * count)
  return { rows: count, numbers: first, texts: texts.map((column) => column.slice(0, count)) }
}

/** The choice in words, for whoever asks what answers. */
export function scorerProperties({
  compiled,
  isFasterForMany,
  figures,
}: ScorerChoice): Readonly<Record<string, string>> {
  const { reason, compiledMicroseconds: ours, onnxruntimeMicroseconds: theirs } = figures
  const times = (pair: readonly [number, number]): string =>
    `${pair[0].toFixed(1)} µs for 1 row, ${pair[1].toFixed(0)} µs for ${fullBatch}`
  return {
    scorer:
      compiled === undefined
        ? `onnxruntime, as ${reason ?? 'it was asked for'}`
        : `compiled, up to ${compiled.rows} rows at once and ${isFasterForMany === true ? 'in a thread' : 'onnxruntime'} beyond`,
    ...(ours === undefined ? {} : { scorer_compiled: times(ours) }),
    ...(theirs === undefined ? {} : { scorer_onnxruntime: times(theirs) }),
  }
}
