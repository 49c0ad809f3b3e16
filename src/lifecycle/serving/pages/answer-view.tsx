import { ValueBar } from '#ui/charts/value-bar'
import { Copyable } from '#ui/kit/command'
import { formatDuration, formatNumber } from '#ui/kit/format'
import type { TriedAnswer } from '../try-contract.ts'
import styles from './try.module.css'

const shownEntries = 12

/** One prediction: probabilities as bars, everything else as it is. */
export function AnswerView({ answer: { prediction, tookMs } }: { answer: TriedAnswer }) {
  const { id, variant, version, ...outputs } = prediction
  return (
    <div className={styles['answer']}>
      <dl>
        {Object.entries(outputs).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Output name={name} value={value} />
            </dd>
          </div>
        ))}
      </dl>
      <p>
        {variant} v{version} answered in {formatDuration(tookMs)} <Copyable text={id} />
      </p>
    </div>
  )
}

function Output({ name, value }: { name: string; value: unknown }) {
  if (typeof value === 'number') {
    return isProbability(name, value) ? (
      <ValueBar share={value}>{formatNumber(value)}</ValueBar>
    ) : (
      <b>{formatNumber(value)}</b>
    )
  }
  if (value === null || typeof value !== 'object') return <b>{String(value)}</b>
  const entries = Object.entries(value)
  const areShares = entries.every(([, one]) => typeof one === 'number' && one >= 0 && one <= 1)
  return (
    <ul className={styles['list']}>
      {entries.slice(0, shownEntries).map(([key, one]) => (
        <li key={key}>
          <span>{key}</span>
          {areShares ? (
            <ValueBar share={one as number}>{formatNumber(one as number)}</ValueBar>
          ) : (
            <b>{typeof one === 'number' ? formatNumber(one) : JSON.stringify(one)}</b>
          )}
        </li>
      ))}
      {entries.length > shownEntries ? <li>and {entries.length - shownEntries} more</li> : null}
    </ul>
  )
}

function isProbability(name: string, value: number): boolean {
  return /prob|score/i.test(name) && value >= 0 && value <= 1
}
