import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PredictionView } from './contract.ts'
import type { PredictionRecord } from './prediction-log/record.ts'
import { listSegments } from './prediction-log/segments.ts'

/**
 * The first logged prediction with this id. An id may be logged twice, when a client sent it again, and the first counts:
 * so the oldest segment comes first. Looks for the bytes of the id, which is far less work than reading every line
 * as text and parsing it.
 */
export async function findPrediction(
  predictionsDirectory: string,
  id: string,
): Promise<PredictionView | undefined> {
  const needle = Buffer.from(`"id":${JSON.stringify(id)}`)
  for (const deployment of await readdir(predictionsDirectory).catch(() => [])) {
    const segments = await listSegments(join(predictionsDirectory, deployment))
    for (const segment of segments) {
      const record = recordWith(await readFile(segment.path), needle, id)
      if (record !== undefined) return toView(record)
    }
  }
  return undefined
}

/** The newest records of one deployment, newest first. */
export async function newestPredictions(directory: string, limit: number): Promise<PredictionView[]> {
  const records: PredictionView[] = []
  for (const segment of (await listSegments(directory)).toReversed()) {
    const bytes = await readFile(segment.path)
    let end = bytes.lastIndexOf(0x0a)
    while (end > 0 && records.length < limit) {
      const start = bytes.lastIndexOf(0x0a, end - 1) + 1
      const record = parse(bytes.toString('utf8', start, end))
      if (record !== undefined) records.push(toView(record))
      end = start - 1
    }
    if (records.length >= limit) break
  }
  return records
}

function recordWith(bytes: Buffer, needle: Buffer, id: string): PredictionRecord | undefined {
  for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + 1)) {
    const end = bytes.indexOf(0x0a, at)
    if (end === -1) return undefined
    const record = parse(bytes.toString('utf8', bytes.lastIndexOf(0x0a, at) + 1, end))
    if (record?.id === id) return record
  }
  return undefined
}

function parse(line: string): PredictionRecord | undefined {
  try {
    return JSON.parse(line) as PredictionRecord
  } catch {
    return undefined
  }
}

function toView({ event_time, latency_ms, ...record }: PredictionRecord): PredictionView {
  const { id, time, deployment, variant, model, version, key, inputs, outputs } = record
  return {
    id,
    time,
    deployment,
    variant,
    model,
    version,
    inputs,
    outputs,
    latencyMs: latency_ms,
    ...(event_time === undefined ? {} : { eventTime: event_time }),
    ...(key === undefined ? {} : { key }),
  }
}
