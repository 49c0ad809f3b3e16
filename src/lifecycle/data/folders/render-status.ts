import { formatCount } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import type { DatasetStatus } from './dataset-status.ts'

const kinds = [
  { kind: 'added', mark: '+', word: 'new', style: 'green' },
  { kind: 'modified', mark: '~', word: 'changed', style: 'yellow' },
  { kind: 'deleted', mark: '-', word: 'gone', style: 'red' },
] as const

const reasons = {
  pointer: 'as its pointer file says',
  checkout: 'checked out here',
  newest: 'the newest',
} as const

export function printStatus(terminal: Terminal, items: readonly DatasetStatus[]): void {
  if (items.length === 0) terminal.print('No datasets. Describe one under `data:` in devmlops.yaml.')
  for (const item of items) printOne(terminal, item)
}

function printOne(terminal: Terminal, item: DatasetStatus): void {
  const { dataset, version, by, clean, place, notes, only, newest } = item
  const name = version === null ? `${dataset} (no version yet)` : `${dataset}@${version.version}`
  const counts = kinds
    .filter(({ kind }) => item[kind].count > 0)
    .map(({ kind, word }) => `${formatCount(item[kind].count)} ${word}`)
  const state = counts.length > 0 ? counts.join(', ') : clean ? 'nothing differs' : 'see below'
  terminal.print(`${terminal.style(name, 'bold')} ${place}: ${state}`)
  for (const { kind, mark, style } of kinds) {
    const { count, paths } = item[kind]
    for (const path of paths) terminal.print(`  ${terminal.style(mark, style)} ${path}`)
    if (count > paths.length)
      terminal.print(terminal.style(`    and ${formatCount(count - paths.length)} more`, 'dim'))
  }
  if (version !== null && newest !== null && newest !== version.version) {
    terminal.print(`  Compared with version ${version.version}, ${reasons[by]}; the newest is ${newest}.`)
  }
  if (only.length > 0) terminal.print(`  Only a part is checked out: ${only.join(', ')}`)
  for (const note of notes) terminal.print(`  ${terminal.style('!', 'yellow')} ${note}`)
}
