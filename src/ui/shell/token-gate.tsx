import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent, type ReactNode } from 'react'
import { useApi } from '#ui/api/api-provider'
import { Panel } from '#ui/kit/panel'
import styles from './token-gate.module.css'

/** Asks for the token of a server that wants one. A server on loopback wants none, and nobody sees this. */
export function TokenGate({ children }: { children: ReactNode }) {
  const { token, setToken } = useApi()
  const [typed, setTyped] = useState('')
  const { data: isRefused } = useQuery({
    queryKey: ['access'],
    // The metrics are the cheapest thing that asks who is there.
    queryFn: async ({ signal }) => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
      return (await fetch('/metrics', { headers, signal })).status === 401
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (isRefused !== true) return children
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setToken(typed.trim())
  }
  return (
    <div className={styles['gate']}>
      <Panel title="This server asks for a token">
        <form onSubmit={submit} className={styles['form']}>
          <label htmlFor="token">
            The value of <code>DEVMLOPS_TOKEN</code> where the server was started
            {token === undefined ? '' : '. The one you gave is not it.'}
          </label>
          <input
            id="token"
            type="password"
            autoComplete="current-password"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <button type="submit" disabled={typed.trim() === ''}>
            Open
          </button>
        </form>
      </Panel>
    </div>
  )
}
