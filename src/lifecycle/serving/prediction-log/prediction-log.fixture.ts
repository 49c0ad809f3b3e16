import type { ModelSignature } from '#lifecycle/tracking/contract'
import { PredictionLog } from './prediction-log.ts'
import type { PredictionRecord } from './record.ts'

export const signature: ModelSignature = {
  inputs: [
    { name: 'distance', type: 'double', required: false },
    { name: 'carrier', type: 'string', required: false },
    { name: 'on_time', type: 'boolean', required: false },
    { name: 'day', type: 'datetime', required: false },
    { name: 'legs', type: 'long', required: false },
  ],
  outputs: [{ name: 'probability', type: 'float' }],
}

/** A record that says something else, or a line that is none. */
export type Row = (Partial<PredictionRecord> & { readonly id: string }) | string

export const logTime = Date.UTC(2026, 0, 2, 12)

/** Logs each list of rows as a segment of its own. */
export async function writeLog(directory: string, segments: readonly (readonly Row[])[]): Promise<void> {
  const log = await PredictionLog.open({ directory, segmentBytes: 1, clock: { now: () => logTime } })
  for (const rows of segments) await log.append(rows.map((row) => `${lineOf(row)}\n`).join(''), rows.length)
  await log.close()
}

function lineOf(row: Row): string {
  if (typeof row === 'string') return row
  const { inputs, outputs, ...facts } = row
  return JSON.stringify({
    request_id: row.id,
    time: logTime,
    deployment: 'flights',
    variant: 'champion',
    model: 'flights',
    version: 1,
    latency_ms: 1.25,
    ...facts,
    inputs: {
      distance: 719.5,
      carrier: 'UA',
      on_time: true,
      day: '2001-04-06T00:00:00.000Z',
      legs: 2,
      ...inputs,
    },
    outputs: { probability: 0.42654329538345337, ...outputs },
  })
}
