import type { CheckOf } from '../expectation.ts'
import { meets, type Judgement } from '../judgement.ts'
import { percentWords, wholeWords } from '../words/number-words.ts'

/** Enough rows have a value: a count, and a share that is compared exactly. */
export function judgePresence(
  { minimum_fraction, minimum_count }: CheckOf<'presence'>,
  { present, total }: { readonly present: number; readonly total: number },
): Judgement {
  const isEnough = minimum_count === undefined || present >= minimum_count
  const isShare = minimum_fraction === undefined || meets(minimum_fraction, total, total - present)
  const share = total === 0 ? '' : ` (${percentWords(present / total)})`
  return {
    outcome: isEnough && isShare ? 'pass' : 'fail',
    found: `${wholeWords(present)} of ${wholeWords(total)} rows have a value${share}`,
    considered: total,
    unexpected: total - present,
    total,
    observed: present,
  }
}
