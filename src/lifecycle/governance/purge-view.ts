import { formatBytes } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import type { Purge } from './contract.ts'

/** What went, or would go. */
export function printPurge(
  terminal: Terminal,
  { rows, bytes, predictions, database, dryRun, before }: Purge,
): void {
  const items = [
    { what: 'runs', count: rows.runs, size: '' },
    { what: 'experiments', count: rows.experiments, size: '' },
    { what: 'logged models', count: rows.loggedModels, size: '' },
    { what: 'files that nothing names', count: bytes.removed, size: formatBytes(bytes.removedBytes) },
    { what: 'predictions past their time', count: predictions.rows, size: formatBytes(predictions.bytes) },
  ]
  terminal.table(items, [
    { title: dryRun ? 'WOULD GO' : 'GONE', value: ({ what }) => what },
    { title: 'COUNT', value: ({ count }) => String(count), align: 'right' },
    { title: 'SIZE', value: ({ size }) => size, align: 'right' },
  ])
  if (rows.artifactBytes !== undefined && rows.artifactBytes > 0) {
    terminal.note(
      `The runs and models name ${formatBytes(rows.artifactBytes)}; what nothing else names goes with them.`,
    )
  }
  if (bytes.young > 0) {
    terminal.note(
      `${bytes.young} more files (${formatBytes(bytes.youngBytes)}) that nothing names are too young to go.`,
    )
  }
  if (dryRun) {
    terminal.note(
      `Deleted before ${new Date(before).toISOString().slice(0, 16).replace('T', ' ')} UTC. Add --yes to do it.`,
    )
  } else if (database.freeBytes > 0) {
    terminal.note(
      `The database keeps ${formatBytes(database.freeBytes)} for new rows; --compact gives them back to the disk.`,
    )
  }
}
