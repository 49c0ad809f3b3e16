import { Fragment, useEffect, type ReactNode } from 'react'
import { Link } from '#ui/router/router'
import styles from './page-header.module.css'

export interface Crumb {
  readonly title: string
  readonly href: string
}

/** The title of a page, the way to it, and the facts that belong beside it. Names the browser's tab too. */
export function PageHeader({
  title,
  crumbs = [],
  facts = [],
  actions,
}: {
  title: string
  crumbs?: readonly Crumb[]
  facts?: readonly ReactNode[]
  actions?: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · DevMLOps`
  }, [title])
  return (
    <header className={styles['header']}>
      {crumbs.length === 0 ? null : (
        <nav aria-label="Breadcrumb" className={styles['crumbs']}>
          {crumbs.map((crumb, index) => (
            <Fragment key={crumb.href}>
              {index === 0 ? null : <span aria-hidden="true">/</span>}
              <Link href={crumb.href}>{crumb.title}</Link>
            </Fragment>
          ))}
        </nav>
      )}
      <div className={styles['line']}>
        <h1>{title}</h1>
        {actions === undefined ? null : <div className={styles['actions']}>{actions}</div>}
      </div>
      {facts.length === 0 ? null : (
        <ul className={styles['facts']}>
          {facts.map((fact, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- facts have no identity and never move
            <li key={index}>{fact}</li>
          ))}
        </ul>
      )}
    </header>
  )
}
