import { formatBytes, formatCount } from '#contract/units'
import type { Terminal } from '#platform/terminal/index'
import type { TaskResult } from './task-calls.ts'

type ResultOf<Kind extends TaskResult['kind']> = Extract<TaskResult, { kind: Kind }>

const mostShown = 20

const mostNamed = 5

export const damageHint =
  'devmlops data verify --repair fetches what a remote has; otherwise add the files again.'

/** What a verification found, in a sentence. */
export function damageOf(result: TaskResult): string | undefined {
  if (result.kind !== 'verification' || result.damaged === 0) return undefined
  const named = result.damages
    .slice(0, mostNamed)
    .map(
      ({ dataset, version, path, file, block, reason }) =>
        `${dataset}@${version} ${path ?? file} (block ${block.slice(0, 19)} ${reason})`,
    )
  const more = result.damaged > named.length ? `, and ${result.damaged - named.length} more` : ''
  return `${countOf(result.damaged, 'place')} damaged: ${named.join(', ')}${more}.`
}

export function printResult(terminal: Terminal, result: TaskResult): void {
  if (result.kind === 'transfer') printTransfer(terminal, result)
  else if (result.kind === 'verification') printVerification(terminal, result)
  else printCollection(terminal, result)
}

function printTransfer(terminal: Terminal, { remote, versions }: ResultOf<'transfer'>): void {
  const moved = versions.filter(({ state }) => state !== 'known')
  for (const { dataset, version, otherVersion, state, files, blocks, bytes } of moved) {
    const number = otherVersion === version ? '' : ` (${dataset}@${otherVersion} at ${remote})`
    const what = state === 'completed' ? 'completed' : `${formatCount(files)} files`
    terminal.print(
      `${dataset}@${version}${number}: ${what}, ${formatCount(blocks)} blocks, ${formatBytes(bytes)} sent over`,
    )
  }
  const known = versions.length - moved.length
  if (moved.length === 0)
    terminal.print(`Nothing new: ${countOf(known, 'version')} on both sides (${remote}).`)
  else terminal.print(`${countOf(moved.length, 'version')} with ${remote}; ${known} were on both sides.`)
}

function printVerification(terminal: Terminal, result: ResultOf<'verification'>): void {
  const { damages, damaged, repaired, versions, files } = result
  if (damages.length > 0) {
    terminal.table(damages.slice(0, mostShown), [
      { title: 'version', value: ({ dataset, version }) => `${dataset}@${version}` },
      { title: 'file', value: ({ path, file }) => path ?? file.slice(0, 19), shrink: true },
      { title: 'block', value: ({ block }) => block.slice(0, 19) },
      { title: 'what', value: ({ reason }) => reason },
    ])
    if (damaged > mostShown) terminal.print(`and ${damaged - mostShown} more (--json lists them)`)
  }
  if (repaired > 0) terminal.print(`Repaired: ${countOf(repaired, 'place')}.`)
  terminal.print(
    `${countOf(versions, 'version')}, ${formatCount(files)} files: ${damaged === 0 ? 'intact' : `${damaged} damaged`}.`,
  )
}

function printCollection(terminal: Terminal, result: ResultOf<'collection'>): void {
  const { applied, removed, kept, restored, expired, bytes } = result
  if (removed.length > 0) {
    terminal.table(removed.slice(0, mostShown), [
      { title: applied ? 'removed' : 'would go', value: ({ dataset, version }) => `${dataset}@${version}` },
      { title: 'made', value: ({ createdAt }) => new Date(createdAt).toISOString().slice(0, 10) },
      { title: 'size', value: ({ sizeBytes }) => formatBytes(sizeBytes), align: 'right' },
    ])
    if (removed.length > mostShown) terminal.print(`and ${removed.length - mostShown} more`)
    terminal.print('')
  }
  if (kept.length > 0) {
    terminal.table(kept.slice(0, mostShown), [
      { title: 'stays', value: ({ dataset, version }) => `${dataset}@${version}` },
      { title: 'kept by', value: ({ by }) => by.join(', '), shrink: true },
    ])
    if (kept.length > mostShown) terminal.print(`and ${kept.length - mostShown} more`)
    terminal.print('')
  }
  for (const { dataset, version } of restored) {
    terminal.print(`${dataset}@${version} ${applied ? 'is back' : 'would come back'}: something names it.`)
  }
  const verb = applied ? 'removed' : 'would go'
  terminal.print(`Versions: ${removed.length} ${verb}; ${expired} removed earlier, whose bytes go now.`)
  terminal.print(
    `Bytes: ${formatBytes(bytes.removedBytes)} in ${countOf(bytes.removed, 'block')} ${verb}; ${formatBytes(bytes.youngBytes)} are named by nobody and too young.`,
  )
  if (applied && removed.length > 0) {
    terminal.print('What was removed keeps its bytes for the time of --grace, and can come back.')
  }
  if (!applied) terminal.print('Nothing was changed. Do it with --apply.')
}

function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
