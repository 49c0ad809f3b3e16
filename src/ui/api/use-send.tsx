import { useState } from 'react'
import type { z } from 'zod'
import type { Endpoint } from '#contract/endpoint'
import { useApi } from './api-provider.tsx'

export type Sent<Answer> =
  | { readonly state: 'idle' | 'waiting' }
  | { readonly state: 'answered'; readonly answer: Answer }
  | { readonly state: 'failed'; readonly error: unknown }

/** Asks an endpoint when somebody says so, and once: for calls that do something. */
export function useSend<E extends Endpoint>(
  endpoint: E,
): [
  sent: Sent<z.output<E['output']>>,
  send: (input: z.input<E['input']>) => Promise<void>,
  clear: () => void,
] {
  const { transport } = useApi()
  const [sent, setSent] = useState<Sent<z.output<E['output']>>>({ state: 'idle' })
  const send = async (input: z.input<E['input']>): Promise<void> => {
    setSent({ state: 'waiting' })
    try {
      const answer = (await transport(endpoint.path, endpoint, input, {})) as z.output<E['output']>
      setSent({ state: 'answered', answer })
    } catch (error) {
      setSent({ state: 'failed', error })
    }
  }
  return [sent, send, () => setSent({ state: 'idle' })]
}
