import { useEffect, useRef } from 'react'
import { ApiProvider } from '#ui/api/api-provider'
import { LiveProvider } from '#ui/api/live-provider'
import { NowProvider } from '#ui/kit/time'
import { pages } from './pages.tsx'
import { RouterProvider, useRouter } from '#ui/router/router'
import { NotFoundPage } from '#ui/shell/not-found-page'
import { PageBoundary } from '#ui/shell/page-boundary'
import { TokenGate } from '#ui/shell/token-gate'
import { TopBar } from '#ui/shell/top-bar'
import styles from './app.module.css'

export function App() {
  return (
    <RouterProvider>
      <NowProvider>
        <ApiProvider>
          <LiveProvider>
            <Frame />
          </LiveProvider>
        </ApiProvider>
      </NowProvider>
    </RouterProvider>
  )
}

function Frame() {
  const { path } = useRouter()
  const main = useRef<HTMLElement>(null)
  const shownPath = useRef(path)
  useEffect(() => {
    if (shownPath.current === path) return
    shownPath.current = path
    // A new page in one document: without this, a screen reader and the Tab key stay where the old page was.
    main.current?.focus({ preventScroll: true })
  }, [path])
  return (
    <>
      <a className={styles['skip']} href="#content">
        Skip to content
      </a>
      <TopBar />
      <main id="content" className={styles['content']} ref={main} tabIndex={-1}>
        <TokenGate>
          <PageBoundary key={path}>{renderPage(path)}</PageBoundary>
        </TokenGate>
      </main>
    </>
  )
}

function renderPage(path: string) {
  for (const { render } of pages) {
    const shown = render(path)
    if (shown !== undefined) return shown
  }
  return <NotFoundPage path={path} />
}
