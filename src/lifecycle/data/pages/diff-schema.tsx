import { Panel } from '#ui/kit/panel'
import type { Diff } from '../diff/diff.ts'
import { schemaLines } from '../diff/diff-text.ts'
import styles from './diff.module.css'

/** What changed about the columns themselves. */
export function DiffSchema({ diff }: { diff: Diff }) {
  const lines = schemaLines(diff)
  if (lines.length === 0) return null
  return (
    <Panel title="Columns">
      <ul className={styles['lines']}>
        {lines.map((line) => (
          <li key={line}>
            <b>{line.slice(0, 1)}</b> {line.slice(2)}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
