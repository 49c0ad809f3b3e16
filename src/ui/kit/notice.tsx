import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { DevmlopsError, errorTable, messageOf } from '#contract/errors'
import { Command } from './command.tsx'
import { InlineMarkdown } from './markdown/markdown.tsx'
import styles from './notice.module.css'

/** Nothing is here yet; says what would be, and the command that makes it so. */
export function EmptyState({
  title,
  command,
  children,
}: {
  title: string
  command?: string
  children?: ReactNode
}) {
  return (
    <div className={styles['empty']}>
      <p className={styles['emptyTitle']}>{title}</p>
      {children === undefined ? null : <p>{children}</p>}
      {command === undefined ? null : <Command line={command} />}
    </div>
  )
}

/** What went wrong and what to do next, as the server said it. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const known = error instanceof DevmlopsError ? error : undefined
  return (
    <div className={styles['error']} role="alert">
      <p className={styles['errorTitle']}>
        {known === undefined ? 'The answer could not be read' : errorTable[known.code].title}
      </p>
      <p>{known === undefined ? unreadable(error) : known.message}</p>
      <p className={styles['hint']}>
        {known === undefined ? (
          'Reload the page: the server may be newer than the page.'
        ) : known.hint === undefined ? null : (
          <InlineMarkdown text={known.hint} />
        )}
      </p>
      {onRetry === undefined ? null : (
        <button type="button" className={styles['retry']} onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Waits for an answer, shows its error, or hands it on. */
export function Answered<Answer>({
  query,
  children,
}: {
  query: UseQueryResult<Answer>
  children: (answer: Answer) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.error !== null) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  return <Waiting />
}

export function Waiting() {
  return (
    <div className={styles['waiting']} role="status">
      <span className="visually-hidden">Loading</span>
      <i />
      <i />
      <i />
    </div>
  )
}

function unreadable(error: unknown): string {
  const text = messageOf(error)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
