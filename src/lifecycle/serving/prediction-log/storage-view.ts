import { formatBytes } from '#contract/units'
import type { LogView } from './contract.ts'

/** What a prediction log holds and has lost, in lines for a person. */
export function storageText({ mode, retain, storage, figures, events }: LogView): string[] {
  const lines = [
    `log: ${mode}, ${retain === undefined ? 'kept until removed' : `kept for ${retain}`}`,
    `${storage.files} Parquet files, ${storage.rows} predictions, ${formatBytes(storage.fileBytes)}`,
    `${storage.segments} files of lines, ${formatBytes(storage.segmentBytes)}`,
  ]
  const left = [
    [storage.repeated, 'sent again'],
    [storage.unreadable, 'unreadable'],
    [storage.removedRows, `removed by retention (${formatBytes(storage.removedBytes)})`],
    [figures?.lost ?? 0, 'LOST: could not be written'],
    [figures?.dropped ?? 0, 'DROPPED: came faster than the disk takes them'],
    [figures?.sampledOut ?? 0, 'left out by the sample'],
  ] as const
  for (const [count, what] of left) if (count > 0) lines.push(`${count} ${what}`)
  if (figures?.problem !== undefined) lines.push(`The log cannot be written: ${figures.problem}`)
  if (events !== undefined) {
    const refused = events.refused === 0 ? '' : `, ${events.refused} REFUSED`
    lines.push(`events: ${events.sent} sent${refused}, ${formatBytes(events.waitingBytes)} of the log wait`)
    if (events.problem !== undefined) lines.push(`Events are not taken: ${events.problem}`)
  }
  return lines
}
