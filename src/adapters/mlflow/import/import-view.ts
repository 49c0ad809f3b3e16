import { formatBytes } from '#contract/units'
import { printSection, type Terminal } from '#platform/terminal/index'
import type { MlflowImport } from './contract.ts'

/** What was brought, what was here already, and what could not be brought. */
export function printImport(
  terminal: Terminal,
  { counts, problems, problemCount, leftBehind }: MlflowImport,
): void {
  const of = (name: string): number => counts[name] ?? 0
  const rows = [
    { what: 'experiments', brought: of('experiments'), known: undefined },
    { what: 'runs', brought: of('runs'), known: of('knownRuns') },
    { what: 'metric points read', brought: of('points'), known: undefined },
    { what: 'logged models', brought: of('loggedModels'), known: of('knownLoggedModels') },
    { what: 'registered models', brought: of('models'), known: undefined },
    { what: 'versions', brought: of('versions'), known: of('knownVersions') },
    { what: 'aliases', brought: of('aliases'), known: undefined },
    { what: `files (${formatBytes(of('artifactBytes'))})`, brought: of('artifacts'), known: undefined },
  ]
  terminal.table(rows, [
    { title: 'WHAT', value: ({ what }) => what },
    { title: 'BROUGHT', value: ({ brought }) => String(brought), align: 'right' },
    {
      title: 'HERE ALREADY',
      value: ({ known }) => (known === undefined ? '' : String(known)),
      align: 'right',
    },
  ])
  printSection(terminal, `Could not be brought (${problemCount})`, {
    items: problems,
    columns: [
      { title: 'WHAT', value: ({ subject }) => subject, shrink: true },
      { title: 'WHY', value: ({ reason }) => reason, shrink: true },
    ],
  })
  if (problemCount > problems.length) terminal.print(`and ${problemCount - problems.length} more`)
  printSection(terminal, 'Has no place here', {
    items: leftBehind,
    columns: [
      { title: 'WHAT', value: ({ what }) => what },
      { title: 'COUNT', value: ({ count }) => String(count), align: 'right' },
    ],
  })
}
