import { useSend } from '#ui/api/use-send'
import { Button } from '#ui/kit/controls'
import { formatChange, formatNumber } from '#ui/kit/format'
import { ErrorNotice } from '#ui/kit/notice'
import { tryContract, type ExplainedAnswer } from '../try-contract.ts'
import { typedText } from './question-fields.ts'
import styles from './try.module.css'

const shownContributions = 10

/** Why a row got its answer, when somebody asks: it costs more than the answer. */
export function WhyView({
  name,
  row,
  version,
}: {
  name: string
  row: Readonly<Record<string, unknown>>
  version: number
}) {
  const [asked, ask] = useSend(tryContract.why)
  if (asked.state === 'answered') return <Contributions answer={asked.answer} />
  return (
    <div className={styles['why']}>
      <Button disabled={asked.state === 'waiting'} onClick={() => void ask({ name, row, version })}>
        {asked.state === 'waiting' ? 'Asking why…' : 'Why?'}
      </Button>
      {asked.state === 'failed' ? <ErrorNotice error={asked.error} /> : null}
    </div>
  )
}

const scales: Readonly<Record<string, string>> = {
  log_odds: 'log odds',
  class_score: 'the score of the class',
  output: 'the output',
}

function Contributions({ answer }: { answer: ExplainedAnswer }) {
  const { contributions, score, output, method, scale, base_value: base } = answer
  const shown = contributions.slice(0, shownContributions)
  const strongest = Math.max(...shown.map(({ contribution }) => Math.abs(contribution)), Number.MIN_VALUE)
  const inPoints = shown.every(({ points }) => points !== undefined)
  const rest = contributions.length - shown.length
  return (
    <div className={styles['why']}>
      <table className={styles['contributions']}>
        <caption>
          Why {output} is {formatNumber(score)}:{' '}
          {inPoints
            ? 'what each field changes, in percentage points'
            : `what each field adds to a usual ${formatNumber(base)}, in ${scales[scale] ?? scale}`}{' '}
          ({method.replaceAll('_', ' ')})
        </caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Lowers · raises</th>
            <th scope="col" className={styles['number']}>
              Adds
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ field, value, contribution, points, reason }) => (
            <tr key={field} title={reason}>
              <th scope="row">
                {field} <b>{typedText(value) || 'missing'}</b>
              </th>
              <td>
                <span className={styles['swing']} aria-hidden="true">
                  <i
                    className={contribution < 0 ? styles['lowers'] : styles['raises']}
                    style={{ width: `${(Math.abs(contribution) / strongest) * 50}%` }}
                  />
                </span>
              </td>
              <td className={styles['number']}>
                {points === undefined ? formatChange(contribution) : pointsText(points)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 ? <p>and {rest} more that count for less</p> : null}
    </div>
  )
}

function pointsText(points: number): string {
  const size = Math.abs(points).toFixed(1)
  return size === '0.0' ? '0' : `${points < 0 ? '−' : '+'}${size}`
}
