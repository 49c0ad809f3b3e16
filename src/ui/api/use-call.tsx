import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { z } from 'zod'
import { toHttpRequest } from '#contract/client'
import type { Download, Endpoint } from '#contract/endpoint'
import { useApi } from './api-provider.tsx'

export interface CallOptions<Output> {
  /** How long to wait before asking again, from what was answered last; undefined: events alone bring news. */
  pollMs?(answer: Output | undefined): number | undefined
  readonly enabled?: boolean
  /** Show the answer to the last input until the next one is there. */
  readonly keepPrevious?: boolean
}

/** Asks an endpoint and keeps the answer fresh. Input and answer are typed by the contract. */
export function useCall<E extends Endpoint>(
  endpoint: E,
  input: z.input<E['input']>,
  options: CallOptions<z.output<E['output']>> = {},
): UseQueryResult<z.output<E['output']>> {
  const { transport } = useApi()
  const { pollMs, enabled = true, keepPrevious = false } = options
  return useQuery<z.output<E['output']>>({
    queryKey: [endpoint.path, input],
    queryFn: ({ signal }) =>
      transport(endpoint.path, endpoint, input, { signal }) as Promise<z.output<E['output']>>,
    enabled,
    ...(pollMs === undefined ? {} : { refetchInterval: (query) => pollMs(query.state.data) ?? false }),
    ...(keepPrevious ? { placeholderData: keepPreviousData } : {}),
  })
}

/** The text of a download that may grow, such as a log. */
export function useDownloadedText<E extends Endpoint>(
  endpoint: E,
  input: z.input<E['input']>,
  options: { readonly enabled?: boolean; readonly pollMs?: number } = {},
): UseQueryResult<string> {
  const { transport } = useApi()
  return useQuery<string>({
    queryKey: [endpoint.path, input, 'text'],
    queryFn: async ({ signal }) => {
      const { body } = (await transport(endpoint.path, endpoint, input, { signal })) as Download
      return new Response(body as BodyInit).text()
    },
    enabled: options.enabled ?? true,
    refetchInterval: options.pollMs ?? false,
  })
}

/** Where a browser finds a download. */
export function downloadAddress<E extends Endpoint>(
  endpoint: E,
  input: z.input<E['input']> & Readonly<Record<string, unknown>>,
): string {
  return toHttpRequest(endpoint, input).path
}
