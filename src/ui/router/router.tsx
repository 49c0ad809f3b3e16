import {
  createContext,
  use,
  useCallback,
  useEffect,
  useMemo,
  useState,
  type ComponentProps,
  type MouseEvent,
  type ReactNode,
} from 'react'
import type { Place, PlaceParameters } from './place.ts'

interface Location {
  readonly path: string
  readonly search: URLSearchParams
}

interface Router extends Location {
  go(address: string, options?: { replace: boolean }): void
}

const RouterContext = createContext<Router | undefined>(undefined)

export function RouterProvider({ children }: { children: ReactNode }) {
  const [location, setLocation] = useState(readLocation)
  useEffect(() => {
    const read = (): void => setLocation(readLocation())
    window.addEventListener('popstate', read)
    return () => window.removeEventListener('popstate', read)
  }, [])
  const go = useCallback((address: string, { replace } = { replace: false }) => {
    history[replace ? 'replaceState' : 'pushState'](null, '', address)
    if (!replace) window.scrollTo(0, 0)
    setLocation(readLocation())
  }, [])
  const router = useMemo(() => ({ ...location, go }), [location, go])
  return <RouterContext value={router}>{children}</RouterContext>
}

export function useRouter(): Router {
  const router = use(RouterContext)
  if (router === undefined) throw new Error('useRouter needs a RouterProvider above it')
  return router
}

/** One field of the query, as state that survives a reload and can be sent to a colleague. */
export function useSearchField(name: string): [string, (value: string) => void] {
  const { path, search, go } = useRouter()
  const set = (value: string): void => {
    const next = new URLSearchParams(search)
    if (value === '') next.delete(name)
    else next.set(name, value)
    go(next.size === 0 ? path : `${path}?${next.toString()}`, { replace: true })
  }
  return [search.get(name) ?? '', set]
}

export interface Page {
  readonly place: Place
  render(path: string): ReactNode | undefined
}

export function page<Pattern extends string>(
  place: Place<Pattern>,
  render: (parameters: PlaceParameters<Pattern>) => ReactNode,
): Page {
  return {
    place,
    render: (path) => {
      const parameters = place.match(path)
      return parameters === undefined ? undefined : render(parameters)
    },
  }
}

/** A link inside the page. Modified clicks stay the browser's: new tab, new window, download. */
export function Link({ href, onClick, ...rest }: ComponentProps<'a'> & { href: string }) {
  const { go } = useRouter()
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event)
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (event.defaultPrevented || !plain) return
    event.preventDefault()
    go(href)
  }
  return <a {...rest} href={href} onClick={follow} />
}

function readLocation(): Location {
  return { path: window.location.pathname, search: new URLSearchParams(window.location.search) }
}
