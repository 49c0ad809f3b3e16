import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createContext, use, useMemo, useState, type ReactNode } from 'react'
import { httpTransport, type Transport } from '#contract/client'
import { DevmlopsError } from '#contract/errors'

interface Api {
  readonly transport: Transport
  readonly token: string | undefined
  setToken(token: string): void
}

const ApiContext = createContext<Api | undefined>(undefined)

/** Kept for the tab only: a token in localStorage would outlive the person at the keyboard. */
const tokenKey = 'devmlops.token'

export function ApiProvider({ children }: { children: ReactNode }) {
  const [token, keepToken] = useState(() => sessionStorage.getItem(tokenKey) ?? undefined)
  const [queries] = useState(createQueryClient)
  const api = useMemo<Api>(
    () => ({
      transport: httpTransport({ url: window.location.origin, ...(token === undefined ? {} : { token }) }),
      token,
      setToken: (next) => {
        sessionStorage.setItem(tokenKey, next)
        keepToken(next)
        // Everything that was refused is asked again, with the token.
        void queries.resetQueries()
      },
    }),
    [token, queries],
  )
  return (
    <ApiContext value={api}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </ApiContext>
  )
}

export function useApi(): Api {
  const api = use(ApiContext)
  if (api === undefined) throw new Error('useApi needs an ApiProvider above it')
  return api
}

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2000,
        refetchOnWindowFocus: true,
        // What the server refused once it will refuse again; only a server that is away may come back.
        retry: (count, error) =>
          count < 2 && error instanceof DevmlopsError && error.code === 'server_unreachable',
      },
    },
  })
}
