import { formatCount } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import { valueText } from './histogram-text.ts'
import { quantileShares, type ProfiledColumn, type VersionProfile } from './version-profile.ts'

const shownCorrelations = 10

export function printProfile(
  terminal: Terminal,
  { rows, columns, keys, correlations }: VersionProfile,
): void {
  terminal.print(`${formatCount(rows)} rows`)
  terminal.table(columns, [
    { title: 'COLUMN', value: ({ name }) => name, shrink: true },
    { title: 'TYPE', value: ({ type }) => type },
    { title: 'MISSING', value: ({ values }) => formatCount(values.missing), align: 'right' },
    { title: 'DISTINCT', value: ({ distinct }) => formatCount(distinct), align: 'right' },
    { title: 'MEDIAN', value: medianText, align: 'right' },
    { title: 'LENGTH', value: lengthText },
  ])
  section(
    terminal,
    'names a row once',
    (keys ?? []).map(({ columns: names, exact }) => `${names.join(' + ')}${exact ? '' : ' (nearly sure)'}`),
  )
  section(
    terminal,
    'go together',
    (correlations ?? []).slice(0, shownCorrelations).map(({ columns: names, measure, value, spearman }) => {
      const ranks = spearman === undefined ? '' : `, ranks ${spearman.toFixed(2)}`
      return `${names.join(' and ')}: ${measures[measure]} ${value.toFixed(2)}${ranks}`
    }),
  )
  section(
    terminal,
    'worth knowing',
    columns.flatMap(({ name, surprises = [] }) =>
      surprises.map(
        ({ message, rows: told }) => `${name}: ${message} (${formatCount(told)} row${told === 1 ? '' : 's'})`,
      ),
    ),
  )
}

const measures = { pearson: 'r', cramers_v: "Cramér's V", correlation_ratio: 'η' } as const

function section(terminal: Terminal, title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  terminal.print('')
  terminal.print(terminal.style(title, 'bold'))
  for (const line of lines) terminal.print(`  ${line}`)
}

function medianText({ quantiles, quantileError, type }: ProfiledColumn): string {
  const median = quantiles?.[quantileShares.indexOf(0.5)]
  return median === undefined ? '' : `${quantileError === undefined ? '' : '≈'}${valueText(median, type)}`
}

function lengthText({ lengths }: ProfiledColumn): string {
  if (lengths === undefined) return ''
  const { min, mean, max } = lengths
  return min === max ? String(min) : `${min} to ${max}, mean ${mean.toFixed(1)}`
}
