import { formatBytes, formatCount, formatDuration } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import type {
  Arrival,
  DatasetSummary,
  DatasetVersion,
  Rejection,
  VersionSource,
  VersionSummary,
} from './versions/dataset-version.ts'
import { factsOf, printFolderVersion } from './folders/render-folder-version.ts'
import { sharedRange, sparkline, valueText } from './profiles/histogram-text.ts'
import type { CheckResult, Validation } from './checks/validation.ts'
import type { ProfiledColumn, VersionProfile } from './profiles/version-profile.ts'

export function printDatasets(terminal: Terminal, items: readonly DatasetSummary[], now: number): void {
  if (items.length === 0) return terminal.print('No datasets. Describe one under `data:` in devmlops.yaml.')
  terminal.table(items, [
    { title: 'NAME', value: ({ name, declared }) => (declared ? name : `${name} (not in the project)`) },
    {
      title: 'VERSION',
      value: ({ latest }) => (latest === null ? '-' : `@${latest.version}`),
      align: 'right',
    },
    {
      title: 'ROWS',
      value: ({ latest }) => (latest === null ? '-' : formatCount(latest.rows)),
      align: 'right',
    },
    {
      title: 'FILES',
      value: ({ latest }) => (latest === null ? '-' : formatCount(latest.partCount)),
      align: 'right',
    },
    {
      title: 'SIZE',
      value: ({ latest }) => (latest === null ? '-' : formatBytes(latest.sizeBytes)),
      align: 'right',
    },
    { title: 'ADDED', value: ({ latest }) => (latest === null ? '-' : ago(latest.createdAt, now)) },
    {
      title: 'STATE',
      value: (item) =>
        item.lastRejection === null ? stateOf(item.latest) : `rejected: ${item.lastRejection.message}`,
      shrink: true,
    },
  ])
}

function stateOf(latest: VersionSummary | null): string {
  if (latest === null) return 'no version yet'
  return latest.outcome === 'pass' ? 'meets its expectations' : 'has warnings'
}

export function printArrivals(terminal: Terminal, arrivals: readonly Arrival[]): void {
  for (const { paths, state, rows, validation, rejection } of arrivals) {
    const [first = ''] = paths
    const name = paths.length === 1 ? first : `${paths.length} files`
    if (state === 'known') {
      terminal.print(`${terminal.style('=', 'dim')} ${name}: nothing new`)
    } else if (state === 'accepted') {
      const checks = validation === undefined ? '' : `, ${checksText(validation.checks)}`
      const what = rows === undefined ? 'accepted' : `${formatCount(rows)} rows${checks}`
      terminal.print(`${terminal.style('✓', 'green')} ${name}: ${what}`)
    } else {
      terminal.print(`${terminal.style('✗', 'red')} ${name}: rejected`)
      if (rejection !== undefined && rejection.validation === null) terminal.print(`  ${rejection.message}`)
    }
    const judged = validation ?? rejection?.validation ?? undefined
    if (judged !== undefined) printProblems(terminal, judged)
  }
}

/** What did not pass, each with its first rows. */
function printProblems(terminal: Terminal, { checks, warnings }: Validation): void {
  for (const warning of warnings) terminal.print(`  ${terminal.style('!', 'yellow')} ${warning}`)
  for (const check of checks) {
    if (check.outcome === 'pass') continue
    const mark = check.severity === 'fail' ? terminal.style('✗', 'red') : terminal.style('!', 'yellow')
    terminal.print(`  ${mark} ${check.expected}${check.why === undefined ? '' : ` (${check.why})`}`)
    terminal.print(`    ${check.outcome === 'error' ? 'cannot be checked' : 'found'}: ${check.found}`)
    for (const { row, file, values } of check.samples) {
      const cells = Object.entries(values).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
      const place = row === undefined ? '' : `row ${row}${file === undefined ? '' : ` of ${file}`}: `
      terminal.print(terminal.style(`      ${place}${cells.join(', ')}`, 'dim'))
    }
  }
}

function checksText(checks: readonly CheckResult[]): string {
  if (checks.length === 0) return 'no expectations'
  const passed = checks.filter(({ outcome }) => outcome === 'pass').length
  return passed === checks.length
    ? `${passed} expectation${passed === 1 ? '' : 's'} met`
    : `${passed} of ${checks.length} expectations met`
}

export function printVersion(terminal: Terminal, version: DatasetVersion, profile: VersionProfile): void {
  if (version.kind === 'folder') return printFolderVersion(terminal, version)
  const { dataset, source } = version
  terminal.print(terminal.style(`${dataset}@${version.version}`, 'bold'))
  const facts: [string, string][] = [
    ['rows', formatCount(version.rows)],
    ['from', placeOf(source)],
    ...factsOf(version),
    ['checks', checksText(version.validation.checks)],
    ...asideOf(version),
  ]
  for (const [name, value] of facts) terminal.print(`${name.padEnd(7)} ${value}`)
  printProblems(terminal, version.validation)
  terminal.print('')
  printProfile(terminal, profile)
}

function asideOf({ dataset, version, quarantined }: DatasetVersion): [string, string][] {
  if (quarantined === 0) return []
  const rows = `${formatCount(quarantined)} ${quarantined === 1 ? 'row' : 'rows'}`
  return [['aside', `${rows} in quarantine: devmlops data quarantine ${dataset}@${version}`]]
}

function placeOf(source: VersionSource): string {
  switch (source.kind) {
    case 'folder':
      return source.folder
    case 'url':
      return source.url
    case 's3':
      return shortList(source.objects)
    case 'query':
      return `a query of ${source.database} (${source.engine})`
    case 'server':
      return `${source.dataset}@${source.version} of ${source.url}`
    case 'push':
      return `${source.file}, sent to the server`
    case 'quarantine':
      return 'rows that were in quarantine'
    case 'files':
      return shortList(source.paths)
  }
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length <= 3 ? shown : `${shown} and ${names.length - 3} more`
}

function printProfile(terminal: Terminal, { rows, columns }: VersionProfile): void {
  terminal.table(columns, [
    { title: 'COLUMN', value: ({ name }) => name, shrink: true },
    { title: 'TYPE', value: ({ type }) => type },
    {
      title: 'MISSING',
      value: ({ values }) => percent(rows === 0 ? 0 : values.missing / rows),
      align: 'right',
    },
    { title: 'DISTINCT', value: ({ distinct }) => formatCount(distinct), align: 'right' },
    { title: 'VALUES', value: rangeText, shrink: true },
    { title: 'SPREAD (1 to 99 %)', value: spreadText },
  ])
}

function rangeText({ type, values, quantiles, frequent }: ProfiledColumn): string {
  if (values.kind === 'category') {
    const top = frequent.slice(0, 3).map(({ level, count }) => `${level} ${percent(count / values.count)}`)
    return top.join(', ')
  }
  if (values.min === null || values.max === null || quantiles === null) return ''
  const [min, median, max] = [values.min, quantiles[3] as number, values.max].map((value) =>
    valueText(value, type),
  )
  return `${min} … ${median} … ${max}`
}

function spreadText(column: ProfiledColumn): string {
  const range = sharedRange([column])
  return column.values.kind === 'number' && range !== undefined ? sparkline(column.values, range) : ''
}

export function printVersions(terminal: Terminal, versions: readonly VersionSummary[], now: number): void {
  terminal.table(versions, [
    { title: 'VERSION', value: ({ version }) => `@${version}`, align: 'right' },
    { title: 'ROWS', value: ({ rows }) => formatCount(rows), align: 'right' },
    { title: 'FILES', value: ({ partCount }) => formatCount(partCount), align: 'right' },
    { title: 'SIZE', value: ({ sizeBytes }) => formatBytes(sizeBytes), align: 'right' },
    { title: 'CHECKS', value: ({ outcome }) => (outcome === 'pass' ? 'met' : 'warnings') },
    { title: 'ADDED', value: ({ createdAt, createdBy }) => `${ago(createdAt, now)} by ${createdBy}` },
    { title: 'DIGEST', value: ({ digest }) => digest.slice('sha256:'.length, 19) },
  ])
}

export function printRejections(terminal: Terminal, rejections: readonly Rejection[], now: number): void {
  terminal.table(rejections, [
    { title: 'REJECTED', value: ({ createdAt }) => ago(createdAt, now) },
    { title: 'TIMES', value: ({ times }) => formatCount(times), align: 'right' },
    { title: 'WHY', value: ({ message }) => message, shrink: true },
  ])
}

function percent(share: number): string {
  if (share === 0) return '0 %'
  const value = share * 100
  return value < 0.01 ? '< 0.01 %' : `${Number(value.toPrecision(3))} %`
}

function ago(time: number, now: number): string {
  const ageMs = Math.max(0, now - time)
  return ageMs < 60_000 ? 'just now' : `${formatDuration(ageMs)} ago`
}
