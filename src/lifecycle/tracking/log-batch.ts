import { fail } from '#contract/errors'
import {
  checkBatchSizes,
  checkKey,
  cutParam,
  cutTag,
  invalidValue,
  missingValue,
  type KeyKind,
} from './limits.ts'
import { isRunId } from './run-id.ts'

export interface NewMetric {
  readonly key: string
  /** May be NaN or infinite. */
  readonly value: number
  /** Epoch milliseconds; now when left out. */
  readonly timestamp?: number
  readonly step?: number
  /** The logged model that was measured: the point is kept against it as well. */
  readonly modelId?: string
  /** What the model was measured on. */
  readonly datasetName?: string
  readonly datasetDigest?: string
}

export interface KeyValue {
  readonly key: string
  readonly value: string
}

/** As a list a key may come twice: of tags the last counts, params are refused. */
type KeyValues = Readonly<Record<string, string>> | readonly KeyValue[]

export interface Batch {
  readonly runId: string
  readonly metrics?: readonly NewMetric[]
  readonly params?: KeyValues
  readonly tags?: KeyValues
}

/** A point that may be stored. */
export interface CheckedMetric extends NewMetric {
  readonly timestamp: number
  readonly step: number
}

/** A batch that breaks no rule by itself; whether it fits its run is seen when it is written. */
export interface CheckedBatch {
  readonly runId: string
  readonly metrics: readonly CheckedMetric[]
  /** Each key once. */
  readonly params: readonly KeyValue[]
  readonly tags: readonly KeyValue[]
  /** Whether it was sent as one thing, not as lists: MLflow has other words for its errors then. */
  readonly single: boolean
}

export interface BatchCheck {
  readonly now: number
  /** Names that were checked before need no second look. */
  isKnownMetric(key: string): boolean
  readonly single: boolean
}

/** Everything about a batch that can be said without its run, in the words and limits of MLflow. */
export function checkBatch(batch: Batch, { now, isKnownMetric, single }: BatchCheck): CheckedBatch {
  const { runId, metrics = [] } = batch
  const params = pairsOf(batch.params)
  const tags = pairsOf(batch.tags)
  if (!isRunId(runId)) invalidValue(runId, { at: 'run_id' })
  checkBatchSizes({ metrics: metrics.length, params: params.length, tags: tags.length })
  checkParamsUnique(params)
  const placeOf = (list: string, index: number): string => (single ? '' : `${list}[${index}].`)
  const checked = metrics.map((metric, index): CheckedMetric => {
    const { key, value, timestamp = now, step = 0 } = metric
    if (
      isKnownMetric(key) &&
      typeof value === 'number' &&
      Number.isSafeInteger(timestamp) &&
      timestamp >= 0 &&
      Number.isSafeInteger(step)
    ) {
      // Spreading thousands of points a second would cost more than all of these questions.
      return metric.timestamp !== undefined && metric.step !== undefined
        ? (metric as CheckedMetric)
        : { ...metric, timestamp, step }
    }
    return checkedMetric({ ...metric, timestamp, step }, placeOf('metrics', index))
  })
  return {
    runId,
    metrics: checked,
    params: params.map((pair, index) => checkedPair('param', pair, placeOf('params', index))),
    tags: tags.map((pair, index) => checkedPair('tag', pair, placeOf('tags', index))),
    single,
  }
}

function checkedMetric(metric: CheckedMetric, place: string): CheckedMetric {
  const { key, value, timestamp, step } = metric
  checkKey('metric', key, `${place}name`)
  if (typeof value !== 'number') {
    invalidValue(value, {
      at: `${place}value`,
      why: `(timestamp=${timestamp}). Please specify value as a valid double (64-bit floating point)`,
    })
  }
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    invalidValue(timestamp, {
      at: `${place}timestamp`,
      why: `metric '${key}' (value=${value}). Timestamp must be a nonnegative long (64-bit integer) `,
    })
  }
  if (!Number.isSafeInteger(step)) {
    invalidValue(step, {
      at: `${place}step`,
      why: `metric '${key}' (value=${value}). Step must be a valid long (64-bit integer).`,
    })
  }
  return metric
}

function checkedPair(kind: KeyKind, { key, value }: KeyValue, place: string): KeyValue {
  checkKey(kind, key, `${place}key`)
  if (typeof value !== 'string') missingValue(`${place}value`)
  return { key, value: storableText(kind === 'param' ? cutParam(value) : cutTag(value), `${place}value`) }
}

/** What both engines keep and give back as it was: PostgreSQL has no U+0000, UTF-8 no half surrogate pairs. */
function storableText(text: string, at: string): string {
  if (text.includes('\0')) {
    fail('invalid_input', `The value of '${at}' holds the character U+0000, which cannot be stored.`, { at })
  }
  return text.toWellFormed()
}

function pairsOf(given: KeyValues | undefined): readonly KeyValue[] {
  if (given === undefined) return []
  if (isList(given)) return given
  return Object.entries(given).map(([key, value]) => ({ key, value }))
}

function isList(given: KeyValues): given is readonly KeyValue[] {
  return Array.isArray(given)
}

/** A param that comes twice is refused, even with the same value. */
function checkParamsUnique(params: readonly KeyValue[]): void {
  const seen = new Set<string>()
  const twice = params.filter(({ key }) => seen.size === seen.add(key).size).map(({ key }) => `'${key}'`)
  if (twice.length === 0) return
  fail(
    'invalid_input',
    `Duplicate parameter keys have been submitted: [${twice.join(', ')}]. Please ensure the request contains only one param value per param key.`,
    { at: 'params' },
  )
}
