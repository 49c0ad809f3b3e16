import { useLive, type Connection } from '#ui/api/live-provider'
import { places } from '#ui/places'
import { Link, useRouter } from '#ui/router/router'
import styles from './top-bar.module.css'

/** In the order of the loop. */
const entries = [
  { title: 'Loop', href: places.loop.to({}) },
  { title: 'Data', href: places.data.to({}) },
  { title: 'Pipelines', href: places.pipelines.to({}) },
  { title: 'Runs', href: places.runs.to({}) },
  { title: 'Models', href: places.models.to({}) },
  { title: 'Endpoints', href: places.endpoints.to({}) },
] as const

const connectionWords: Readonly<Record<Connection, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  away: 'Server away',
}

export function TopBar() {
  const { path } = useRouter()
  const { connection } = useLive()
  return (
    <header className={styles['bar']}>
      <div className={styles['inside']}>
        <Link href="/" className={styles['brand']} aria-label="DevMLOps, the loop">
          <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
            <path d="M12 3a9 9 0 1 1-8.5 6" />
            <circle cx="5" cy="6.2" r="2.6" />
          </svg>
          <span>DevMLOps</span>
        </Link>
        <nav aria-label="Main">
          <ul className={styles['entries']}>
            {entries.map(({ title, href }) => (
              <li key={href}>
                <Link href={href} aria-current={isCurrent(path, href) ? 'page' : undefined}>
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <span className={`${styles['connection']} ${styles[connection]}`} role="status">
          {connectionWords[connection]}
        </span>
      </div>
    </header>
  )
}

function isCurrent(path: string, href: string): boolean {
  return path === href || (href !== '/' && path.startsWith(`${href}/`))
}
