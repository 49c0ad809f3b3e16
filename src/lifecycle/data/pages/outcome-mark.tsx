import { StateMark } from '#ui/kit/state-mark'
import type { VersionSummary } from '../versions/dataset-version.ts'

const marks = {
  pass: { tone: 'good', word: 'Valid' },
  warn: { tone: 'warn', word: 'Valid, warnings' },
  fail: { tone: 'bad', word: 'Rejected' },
} as const

export function OutcomeMark({ outcome }: Pick<VersionSummary, 'outcome'>) {
  return <StateMark tone={marks[outcome].tone}>{marks[outcome].word}</StateMark>
}
