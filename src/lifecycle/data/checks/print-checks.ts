import { formatCount } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import type { Arrival } from '../versions/dataset-version.ts'
import type { CheckResult, Sample, Validation } from './validation.ts'

/** What was judged, check by check: a line for each, and below the rows of those that are not met. */
export function printChecked(terminal: Terminal, arrivals: readonly Arrival[]): void {
  for (const { paths, state, rows, validation, rejection } of arrivals) {
    const name = paths.length === 1 ? paths[0] : `${paths.length} files`
    const judged = validation ?? rejection?.validation ?? undefined
    if (state === 'known') {
      terminal.print(`${terminal.style('=', 'dim')} ${name}: nothing new`)
      continue
    }
    const mark = state === 'accepted' ? terminal.style('✓', 'green') : terminal.style('✗', 'red')
    const verdict = state === 'accepted' ? 'would be taken in' : 'would be rejected'
    const count = rows === undefined ? '' : `, ${formatCount(rows)} rows`
    terminal.print(`${mark} ${name}${count}: ${verdict}`)
    if (judged === undefined) terminal.print(`  ${rejection?.message ?? ''}`)
    else printValidation(terminal, judged)
  }
}

function printValidation(terminal: Terminal, { checks, warnings }: Validation): void {
  for (const warning of warnings) terminal.print(`  ${terminal.style('!', 'yellow')} ${warning}`)
  if (checks.length === 0) return terminal.print('  no expectations')
  terminal.table(checks, [
    { title: 'OUTCOME', value: outcomeWords },
    { title: 'CHECK', value: ({ expected }) => expected, shrink: true },
    { title: 'FOUND', value: ({ found }) => found, shrink: true },
  ])
  for (const check of checks) {
    if (check.outcome === 'pass' || check.samples.length === 0) continue
    terminal.print('')
    terminal.print(
      `${terminal.style(check.expected, 'bold')}${check.why === undefined ? '' : ` (${check.why})`}`,
    )
    terminal.print(`  ${check.found}`)
    for (const sample of check.samples) terminal.print(terminal.style(`    ${sampleWords(sample)}`, 'dim'))
  }
}

function outcomeWords({ outcome, severity }: CheckResult): string {
  if (outcome === 'pass' || severity === 'fail') return outcome
  return outcome === 'error' ? `error (${severity})` : severity
}

function sampleWords({ row, file, values }: Sample): string {
  const cells = Object.entries(values).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  const place = row === undefined ? '' : `row ${row}${file === undefined ? '' : ` of ${file}`}: `
  return `${place}${cells.join(', ')}`
}
