import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { Model } from '#platform/onnx/index'
import { createCompiledScorer, parseModel, type ParsedModel } from '../compiled/index.ts'
import { probeRows } from '../compiled/probe-rows.ts'
import { sameScores, scoreTolerance } from '../compiled/same-scores.ts'
import type { SessionScorer } from './session-scorer.ts'

/** How a model's batches are scored, and why. */
export interface ScorerChoice {
  /** Batches of up to `rows` are scored where they are, without onnxruntime. */
  readonly compiled: { readonly model: ParsedModel; readonly rows: number } | undefined
  /** The graph read, where it gives the same scores, whatever scores its batches; for explanations. */
  readonly parsed?: ParsedModel | undefined
  /** The threads do without onnxruntime too: of one model, all batches are scored alike. */
  readonly isCompiled?: boolean | undefined
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
/** What many rows may cost more, for few that cost much less. */
const mostTimesSlower = 2
/** For each of the four measurements; one that is steady ends sooner. */
const measureLimitMs = 8
const steadyRuns = 6
const fewestRuns = 5

/**
 * Compares the compiled form of a graph with onnxruntime: first what they answer, on rows made to find differences, then
 * what they cost. The compiled form scores only when it gives every bit of what onnxruntime gives; one of the two then scores all
 * batches of the model, whatever their size.
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
  const scores = compiled(probe)
  if (!sameScores(scores, expected, scoreTolerance))
    return onnxruntime('the compiled form does not give the same scores')
  const isExact = sameScores(scores, expected, 0)

  const [one, full] = [firstRows(probe, 1), firstRows(probe, fullBatch)]
  // The full batch first: it brings the code to speed.
  const ownFull = await fastest(() => compiled(full))
  const ours = [await fastest(() => compiled(one)), ownFull] as const
  const theirs = [await fastest(() => session.score(one)), await fastest(() => session.score(full))] as const
  const measured = { compiledMicroseconds: ours, onnxruntimeMicroseconds: theirs }
  const isCheaper =
    ours[0] < theirs[0] + hopMicroseconds && ours[1] < mostTimesSlower * (theirs[1] + hopMicroseconds)
  // The reference that monitors compare with was scored by onnxruntime. A score that is one bit off may fall outside of its range,
  // as most scores of a small tree model are a few numbers, and then all of them drift.
  if (!isExact || !isCheaper) {
    const reason = isExact ? 'it is faster' : 'the compiled form rounds differently'
    return { compiled: undefined, parsed: model, figures: { ...measured, reason } }
  }
  const rows = ours[1] > batchLimitMicroseconds ? 0 : rowsWithinLoop(ours)
  return {
    compiled: rows === 0 ? undefined : { model, rows },
    parsed: model,
    isCompiled: true,
    figures: measured,
  }
}

/** The largest batch that the event loop can be held for; time taken as a straight line. */
function rowsWithinLoop(ours: readonly [number, number]): number {
  const perRow = Math.max(0, ours[1] - ours[0]) / (fullBatch - 1)
  return Math.max(1, Math.floor((loopLimitMicroseconds - ours[0]) / Math.max(perRow, 1e-3)))
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
  isCompiled,
  figures,
}: ScorerChoice): Readonly<Record<string, string>> {
  const { reason, compiledMicroseconds: ours, onnxruntimeMicroseconds: theirs } = figures
  const times = (pair: readonly [number, number]): string =>
    `${pair[0].toFixed(1)} µs for 1 row, ${pair[1].toFixed(0)} µs for ${fullBatch}`
  return {
    scorer:
      isCompiled === true ? compiledWords(compiled?.rows) : `onnxruntime, as ${reason ?? 'it was asked for'}`,
    ...(ours === undefined ? {} : { scorer_compiled: times(ours) }),
    ...(theirs === undefined ? {} : { scorer_onnxruntime: times(theirs) }),
  }
}

function compiledWords(rows: number | undefined): string {
  return rows === undefined
    ? 'compiled, in a thread'
    : `compiled, up to ${rows} rows at once and in a thread beyond`
}
