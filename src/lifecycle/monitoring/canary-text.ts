import type { Terminal } from '#platform/terminal/index'
import type { CanaryCheck, CanaryTrial, CanaryVerdict } from './contract.ts'
import { countWords, percent, shortNumber } from './figures.ts'

const verdictStyle = { pass: 'green', wait: 'yellow', fail: 'red' } as const
const decisionStyle = { promote: 'green', advance: 'green', hold: 'yellow', roll_back: 'red' } as const
const stateWords = { promoted: 'promoted', rolled_back: 'rolled back', ended: 'ended' } as const

type TrialWithVerdicts = CanaryTrial & { readonly verdicts: readonly CanaryVerdict[] }

/** How the version that is tried stands, or how the last one ended. */
export function printTrials(
  terminal: Terminal,
  { deployment, trials }: { readonly deployment: string; readonly trials: readonly TrialWithVerdicts[] },
): void {
  const running = trials.filter(({ state }) => state === 'running')
  const shown = running.length > 0 ? running : trials.slice(0, 1)
  if (shown.length === 0) return terminal.print(`Nothing was tried on the traffic of ${deployment} yet.`)
  for (const trial of shown) printTrial(terminal, deployment, trial)
}

function printTrial(terminal: Terminal, deployment: string, trial: TrialWithVerdicts): void {
  const { variant, canaryVersion, championVersion, state, verdict, verdicts } = trial
  const pair = `${variant} v${canaryVersion} against v${championVersion}`
  const title = `${terminal.style(deployment, 'bold')}  ${pair}`
  if (verdict === undefined) return terminal.print(`${title}: not judged yet`)
  const { decision, step, steps, checks, reason, judgedAt, deaths } = verdict
  const words = terminal.style(decision.replace('_', ' '), decisionStyle[decision])
  const end = state === 'running' ? words : stateWords[state]
  terminal.print(
    `${title}, step ${step} of ${steps}: ${end}  (${judgedAt.slice(0, 16).replace('T', ' ')}, ${countWords(verdicts.length)} verdicts)`,
  )
  if (checks.length > 0) {
    terminal.table(checks, [
      { title: '  CHECK', value: ({ check }) => `  ${check}` },
      { title: 'SEEN', value: ({ seen }) => countWords(seen), align: 'right' },
      { title: 'NEEDED', value: ({ needed }) => countWords(needed), align: 'right' },
      { title: 'ESTIMATE [INTERVAL]', value: estimateWords },
      { title: 'LIMIT', value: limitWords, align: 'right' },
      { title: 'VERDICT', value: (one) => terminal.style(one.verdict, verdictStyle[one.verdict]) },
    ])
  }
  terminal.print(`  ${trial.reason ?? reason}`)
  if (deaths > 0) {
    terminal.print(
      `  Up to ${deaths} s of counted requests are missing: the serving process died ${deaths} times.`,
    )
  }
}

function estimateWords({ check, estimate, interval }: CanaryCheck): string {
  if (estimate === null || interval === null) return '–'
  const one = numberWords(check)
  const end = (value: number | null, unbounded: string): string => (value === null ? unbounded : one(value))
  return `${one(estimate)} [${end(interval.low, '−∞')}, ${end(interval.high, '∞')}]`
}

function limitWords({ check, threshold }: CanaryCheck): string {
  return threshold === null ? 'none' : numberWords(check)(threshold)
}

/** A difference of shares, a ratio, a gap of shares, or a difference in the unit of the metric. */
function numberWords(check: CanaryCheck['check']): (value: number) => string {
  if (check === 'latency') return (value) => `${shortNumber(value)}×`
  return check === 'metric' ? shortNumber : percent
}
