import type { UseQueryResult } from '@tanstack/react-query'
import { Ago } from '#ui/kit/time'
import styles from './serving.module.css'

/** Figures that are no longer fresh must not look as if they were. */
export function StaleNotice({
  query,
}: {
  query: Pick<UseQueryResult, 'isError' | 'failureCount' | 'data' | 'dataUpdatedAt'>
}) {
  if (query.data === undefined || (!query.isError && query.failureCount === 0)) return null
  return (
    <p className={styles['stale']} role="alert">
      The server does not answer. What is shown was so <Ago time={query.dataUpdatedAt} />.
    </p>
  )
}
