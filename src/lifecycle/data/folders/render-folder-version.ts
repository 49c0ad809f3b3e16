import { formatBytes, formatCount } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import type { DatasetVersion, FileChanges, VersionSummary } from '../versions/dataset-version.ts'

/** How much a version holds, in what it is counted in. */
export function contentText({ kind, files, rows }: VersionSummary): string {
  if (kind === 'table') return `${formatCount(rows)} rows`
  return files === 1 ? '1 file' : `${formatCount(files)} files`
}

export function changesText({ added, modified, deleted }: FileChanges): string {
  return `${formatCount(added)} new, ${formatCount(modified)} changed, ${formatCount(deleted)} gone`
}

/** What a version is, as lines of a name and a value; of a table without its rows. */
export function factsOf(version: DatasetVersion): [string, string][] {
  const { dataset, code, producedBy } = version
  return [
    ['files', `${formatCount(version.files)} (${formatBytes(version.sizeBytes)})`],
    ['digest', version.digest],
    ['after', version.parent === null ? 'nothing: it is the first' : `${dataset}@${version.parent}`],
    [
      'code',
      code === null ? 'no Git repository' : `${code.commit.slice(0, 12)}${code.dirty ? ' with changes' : ''}`,
    ],
    ...(producedBy === null
      ? []
      : [
          ['made by', `${producedBy.pipeline}.${producedBy.step} of run ${producedBy.run}`] as [
            string,
            string,
          ],
        ]),
    ['added', `${new Date(version.createdAt).toISOString()} by ${version.createdBy}`],
  ]
}

export function printFolderVersion(terminal: Terminal, version: DatasetVersion): void {
  terminal.print(terminal.style(`${version.dataset}@${version.version}`, 'bold'))
  const { source } = version
  const from: [string, string][] = source.kind === 'folder' ? [['from', source.folder]] : []
  for (const [name, value] of [...from, ...factsOf(version)]) terminal.print(`${name.padEnd(7)} ${value}`)
  for (const warning of version.validation.warnings) {
    terminal.print(`  ${terminal.style('!', 'yellow')} ${warning}`)
  }
  terminal.print(`List its files: devmlops data show ${version.dataset}@${version.version} --files`)
}
