import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { quoteText } from '#platform/tables/index'
import type { PredictionView } from './contract.ts'
import { columnarDirectory } from './prediction-log/columnar-index.ts'
import { readColumnar, withColumnar } from './prediction-log/read-columnar.ts'
import { parseLine, steadily, type LogFiles } from './prediction-log/read-predictions.ts'
import type { PredictionRecord } from './prediction-log/record.ts'

/**
 * The first logged prediction with this id. An id may be logged twice, when a client sent it again, and the first counts:
 * so the oldest segment comes first.
 */
export async function findPrediction(
  predictionsDirectory: string,
  id: string,
): Promise<PredictionView | undefined> {
  for (const deployment of await readdir(predictionsDirectory).catch(() => [])) {
    const directory = join(predictionsDirectory, deployment)
    const found = await steadily(
      directory,
      async (log) => (await recordInFiles(directory, log, id)) ?? (await recordInSegments(log, id)),
    )
    if (found !== undefined) return toView(found)
  }
  return undefined
}

/** The newest records of one deployment, newest first. */
export function newestPredictions(directory: string, limit: number): Promise<PredictionView[]> {
  return steadily(directory, async ({ files, segments }) => {
    const records: PredictionRecord[] = []
    for (const { path } of segments.toReversed()) {
      if (records.length >= limit) break
      const bytes = await readFile(path)
      let end = bytes.lastIndexOf(0x0a)
      while (end > 0 && records.length < limit) {
        const start = bytes.lastIndexOf(0x0a, end - 1) + 1
        const record = parseLine(bytes.toString('utf8', start, end))
        if (record !== undefined) records.push(record)
        end = start - 1
      }
    }
    if (records.length < limit && files.length > 0) {
      await withColumnar(directory, async (tables) => {
        for (const file of files.toReversed()) {
          if (records.length >= limit) break
          const request = { where: 'true', limit: limit - records.length, newestFirst: true }
          const found = await readColumnar(tables, { directory, file }, request)
          records.push(...found.map(({ record }) => record))
        }
      })
    }
    return records.map(toView)
  })
}

/** One question to all files, since most of them do not have it. */
async function recordInFiles(
  directory: string,
  { files }: LogFiles,
  id: string,
): Promise<PredictionRecord | undefined> {
  if (files.length === 0) return undefined
  const paths = files.map(({ path }) => quoteText(join(columnarDirectory(directory), path))).join(', ')
  return withColumnar(directory, async (tables) => {
    const [place] = await tables.rows(
      `SELECT segment FROM read_parquet([${paths}], union_by_name = true) WHERE id = $1
        ORDER BY segment, byte_end LIMIT 1`,
      [id],
    )
    if (place === undefined) return undefined
    const segment = Number(place['segment'])
    const file = files.find(
      ({ firstSegment, lastSegment }) => firstSegment <= segment && segment <= lastSegment,
    )
    if (file === undefined) return undefined
    const request = { where: `segment = ${segment} AND id = ${quoteText(id)}`, limit: 1 }
    const [found] = await readColumnar(tables, { directory, file }, request)
    return found?.record
  })
}

/** Looks for the bytes of the id, which is far less work than reading every line as text and parsing it. */
async function recordInSegments({ segments }: LogFiles, id: string): Promise<PredictionRecord | undefined> {
  const needle = Buffer.from(`"id":${JSON.stringify(id)}`)
  for (const { path } of segments) {
    const bytes = await readFile(path)
    for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + 1)) {
      const end = bytes.indexOf(0x0a, at)
      if (end === -1) break
      const record = parseLine(bytes.toString('utf8', bytes.lastIndexOf(0x0a, at) + 1, end))
      if (record?.id === id) return record
    }
  }
  return undefined
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
