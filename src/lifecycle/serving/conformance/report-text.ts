import { sections, type CaseResult, type ConformanceReport } from './run-conformance.ts'

const marks = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const

/** The report for people: every case in a line, and under those that failed what was sent and answered. */
export function reportText({ url, server, model, cases, counts, conforms }: ConformanceReport): string {
  const parts = sections.map((section) => {
    const lines = cases.filter((one) => one.section === section).map(caseText)
    return [section, ...lines].join('\n')
  })
  const sum = `${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`
  const verdict = conforms ? 'All that is required is met.' : 'Not all that is required is met.'
  return [`${server} at ${url}, model ${model}`, ...parts, `${sum}. ${verdict}`].join('\n\n')
}

function caseText({ id, rule, result, required, reason, exchanges }: CaseResult): string {
  const advised = result === 'fail' && !required ? ' (advised, not required)' : ''
  const line = `  ${marks[result]}  ${id.padEnd(26)} ${rule}${advised}`
  if (reason === undefined) return line
  const shownExchanges = exchanges.flatMap(({ request, answer }) => [
    ...quoted('>', request),
    ...quoted('<', answer),
  ])
  return [line, `        ${reason}`, ...shownExchanges].join('\n')
}

function quoted(mark: string, text: string): readonly string[] {
  return text.split('\n').map((line) => `        ${mark} ${line}`)
}
