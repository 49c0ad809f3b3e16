import type { Check, CheckKind, WordsOf } from './expectation.ts'
import { distributionWords } from './words/distribution-words.ts'
import { rowWords } from './words/row-words.ts'
import { tableWords } from './words/table-words.ts'
import { valueWords } from './words/value-words.ts'

const words: WordsOf<CheckKind> = { ...tableWords, ...rowWords, ...valueWords, ...distributionWords }

/** What must hold, as a sentence. */
export function describeCheck(check: Check): string {
  const sentence = (words[check.kind] as (check: Check) => string)(check)
  const { mostly = 1, warnAbove, failAbove, where } = check
  const share = mostly < 1 ? ` in at least ${Number((mostly * 100).toPrecision(12))} % of the rows` : ''
  const limits = [
    ...(warnAbove === undefined ? [] : [`warns above ${thresholdWords(warnAbove)}`]),
    ...(failAbove === undefined ? [] : [`fails above ${thresholdWords(failAbove)}`]),
  ]
  const told = limits.length === 0 ? '' : ` (${limits.join(', ')})`
  return `${sentence}${share}${told}${where === undefined ? '' : `, where ${where.replace(/\s+/g, ' ')}`}`
}

function thresholdWords(threshold: number | string): string {
  if (typeof threshold === 'string') return threshold
  return `${threshold} row${threshold === 1 ? '' : 's'}`
}
