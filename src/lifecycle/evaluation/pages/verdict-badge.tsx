import { Badge, StateMark } from '#ui/kit/state-mark'
import type { EvaluationReport } from '../contract.ts'

type Outcome = EvaluationReport['verdict']['outcome']

const words: Readonly<Record<Outcome, string>> = {
  passed: 'Gates passed',
  failed: 'Gates failed',
  no_gates: 'No gates',
}

export function VerdictMark({ outcome }: { outcome: Outcome }) {
  return <StateMark tone={verdictTone(outcome)}>{words[outcome]}</StateMark>
}

export function GateBadge({ outcome }: { outcome: 'passed' | 'failed' | 'skipped' }) {
  return (
    <Badge tone={outcome === 'passed' ? 'good' : outcome === 'failed' ? 'bad' : 'quiet'}>{outcome}</Badge>
  )
}

export function verdictTone(outcome: Outcome): 'good' | 'bad' | 'warn' {
  if (outcome === 'no_gates') return 'warn'
  return outcome === 'passed' ? 'good' : 'bad'
}
