import { dirname, join } from 'node:path'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { Platform } from '#platform/platform'
import { openTables, quoteText, type Cell, type Row } from '#platform/tables/index'
import type { SignatureOutput } from '../model-runtime-point.ts'
import { PredictionLog } from '../prediction-log/prediction-log.ts'
import type { LoggedValue, PredictionRecord } from '../prediction-log/record.ts'
import { predictionDirectory } from '../prediction-log/segments.ts'
import type { BatchSettings } from './batch-section.ts'
import type { ScoredFiles } from './score-files.ts'

export interface SampleContext {
  readonly platform: Platform
  readonly settings: BatchSettings
  readonly run: string
  readonly name: string
  readonly version: { readonly model: string; readonly version: number }
  readonly signature: ModelSignature
  readonly outputs: readonly SignatureOutput[]
}

const segmentBytes = 32 * 1024 * 1024

/**
 * Writes an even sample of what was scored to the prediction log of the batch, where monitors look. A row has the same id
 * whenever the run is taken up again, and of one id the first line counts.
 */
export async function logSample({ parts, rows }: ScoredFiles, context: SampleContext): Promise<void> {
  const { platform, settings, name } = context
  const [first] = parts
  if (settings.log === 0 || first === undefined) return
  const step = Math.max(1, Math.ceil(rows / settings.log))
  const tables = await openTables({
    allowedDirectories: [dirname(first.path)],
    temporaryDirectory: join(dirname(first.path), 'tables'),
  })
  const log = await PredictionLog.open({
    directory: predictionDirectory(join(platform.config.home, 'serving'), name),
    segmentBytes,
    clock: platform.clock,
  })
  try {
    let before = 0
    for (const { path, rows: partRows } of parts) {
      const sampled = await tables.rows(
        `SELECT * FROM read_parquet(${quoteText(path)}, file_row_number = true) WHERE (file_row_number + ${before}) % ${step} = 0 AND score_error IS NULL`,
      )
      const lines = sampled.map((row) => `${JSON.stringify(recordOf(row, before, { ...context, step }))}\n`)
      if (lines.length > 0) await log.append(lines.join(''), lines.length)
      before += partRows
    }
  } finally {
    await log.close()
    tables.close()
  }
}

function recordOf(
  row: Row,
  before: number,
  { platform, run, name, version, signature, outputs, step }: SampleContext & { readonly step: number },
): PredictionRecord {
  const pick = (fields: readonly { readonly name: string }[]): Record<string, LoggedValue> =>
    Object.fromEntries(
      fields.map((field) => [field.name, logged(row[`predicted_${field.name}`] ?? row[field.name])]),
    )
  return {
    id: `${run}:${before + Number(row['file_row_number'])}`,
    request_id: run,
    time: platform.clock.now(),
    deployment: name,
    variant: 'batch',
    model: version.model,
    version: version.version,
    inputs: Object.fromEntries(signature.inputs.map((field) => [field.name, logged(row[field.name])])),
    outputs: pick(outputs),
    latency_ms: 0,
    ...(step === 1 ? {} : { weight: step }),
  }
}

function logged(value: Cell | undefined): LoggedValue {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  return typeof value === 'object' ? JSON.stringify(value) : value
}
