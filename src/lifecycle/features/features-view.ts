import type { z } from 'zod'
import { formatBytes, formatCount, formatDuration } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import type { featuresContract, ViewDetail, ViewSummary } from './contract.ts'

type Answer<Name extends keyof typeof featuresContract> = z.output<(typeof featuresContract)[Name]['output']>

export function printViews(terminal: Terminal, items: readonly ViewSummary[]): void {
  if (items.length === 0) {
    return terminal.print('No feature views. Describe one under `features:` in devmlops.yaml.')
  }
  terminal.table(items, [
    { title: 'VIEW', value: ({ name }) => name },
    {
      title: 'VERSION',
      value: ({ version }) => (version === null ? 'unused' : `@${version}`),
      align: 'right',
    },
    { title: 'KEY', value: ({ entity }) => entity.join(', ') || 'the row itself', shrink: true },
    { title: 'SOURCE', value: ({ source }) => source ?? '-' },
    {
      title: 'TTL',
      value: ({ ttlMs }) => (ttlMs === undefined ? '-' : formatDuration(ttlMs)),
      align: 'right',
    },
    { title: 'FEATURES', value: ({ features }) => features.map(({ name }) => name).join(', '), shrink: true },
  ])
}

export function printFeatures(terminal: Terminal, { name, description, features }: ViewSummary): void {
  terminal.print(`${terminal.style(name, 'bold')}${description === undefined ? '' : `  ${description}`}`)
  terminal.table(features, [
    { title: '  FEATURE', value: (feature) => `  ${name}.${feature.name}` },
    { title: 'IS', value: ({ summary }) => summary, shrink: true },
    { title: '', value: (feature) => feature.description ?? '', shrink: true },
  ])
}

export function printView(terminal: Terminal, found: ViewDetail): void {
  printFeatures(terminal, found)
  const { source, entity, time, ttlMs, materialization } = found
  terminal.print('')
  terminal.print(
    entity.length === 0
      ? 'Of the row itself: part of the graph of every model that learns from them.'
      : `Of ${source} by ${entity.join(', ')} as of ${time}${ttlMs === undefined ? '' : `, for ${formatDuration(ttlMs)}`}.`,
  )
  if (materialization !== null) {
    const { keys, sizeBytes, watermark } = materialization
    terminal.print(
      `Materialized: ${formatCount(keys)} keys, ${formatBytes(sizeBytes)}, up to ${new Date(watermark).toISOString()}`,
    )
  }
  terminal.print('')
  if (found.versions.length === 0) return terminal.print('Not used yet: its first use makes it version 1.')
  terminal.table(found.versions, [
    { title: 'VERSION', value: ({ version }) => `@${version}`, align: 'right' },
    {
      title: 'SINCE',
      value: ({ createdAt }) => new Date(createdAt).toISOString().slice(0, 16).replace('T', ' '),
    },
    { title: 'BY', value: ({ createdBy }) => createdBy },
    { title: '', value: ({ digest }) => (digest === found.digest ? 'as in the project' : '') },
  ])
  if (found.version === null) terminal.print('The definition in the project differs from all of them.')
  if (found.uses.length === 0) return
  terminal.print('')
  terminal.table(found.uses, [
    {
      title: 'USED BY',
      value: ({ user, models }) => models.join(', ') || `${user.kind} ${user.name}`,
      shrink: true,
    },
    { title: 'VERSION', value: ({ version }) => `@${version}`, align: 'right' },
    { title: 'FEATURES', value: ({ features }) => features.join(', '), shrink: true },
    { title: 'WHEN', value: ({ usedAt }) => new Date(usedAt).toISOString().slice(0, 10) },
  ])
}

export function printJoin(
  terminal: Terminal,
  { path, rows, views, notes, durationMs }: Answer<'join'>,
): void {
  terminal.print(
    `${terminal.style('✓', 'green')} ${path}: ${formatCount(rows)} rows in ${formatDuration(durationMs)}`,
  )
  for (const { view, matched } of views) {
    const share = rows === 0 ? 0 : Math.round((matched / rows) * 1000) / 10
    terminal.print(`  ${view}: ${formatCount(matched)} rows have a value that was known (${share} %)`)
  }
  for (const note of notes) terminal.print(`  ${terminal.style('!', 'yellow')} ${note}`)
}

export function printMaterialized(terminal: Terminal, made: Answer<'materialize'>): void {
  const { view, version, keys, changedKeys, sizeBytes, source, durationMs } = made
  terminal.print(
    `${terminal.style('✓', 'green')} ${view}@${version}: ${formatCount(keys)} keys of ${source.label}, ${formatCount(changedKeys)} worked out, ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)}`,
  )
  for (const note of made.notes) terminal.print(`  ${terminal.style('!', 'yellow')} ${note}`)
}

export function printLookup(terminal: Terminal, { rows }: Answer<'lookup'>): void {
  const names = Object.keys(rows[0]?.values ?? {})
  terminal.table(rows, [
    { title: 'KEY', value: ({ key }) => key.join(', ') },
    ...names.map((name) => ({
      title: name,
      value: ({ values }: (typeof rows)[number]) => String(values[name] ?? '-'),
      align: 'right' as const,
    })),
    {
      title: 'AS OF',
      value: ({ at, found }) => (at === null ? (found ? '-' : 'unknown key') : new Date(at).toISOString()),
    },
  ])
}

export function printSplits(terminal: Terminal, items: Answer<'splits'>['items']): void {
  if (items.length === 0) return terminal.print('No splits yet. A `split` step of a pipeline makes one.')
  terminal.table(items, [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'OF', value: ({ source }) => source.label },
    {
      title: 'PARTS',
      value: ({ parts }) => parts.map(({ part, rows }) => `${part} ${formatCount(rows)}`).join(', '),
      shrink: true,
    },
    { title: 'SHARED', value: ({ sharedRows }) => formatCount(sharedRows), align: 'right' },
    { title: 'RULE', value: ({ summary }) => summary, shrink: true },
  ])
}
