import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { CallContext, Contract, Endpoint, Handler, Handlers } from '#contract/endpoint'
import type { CallOptions, Transport } from '#contract/client'
import { DevmlopsError, fail } from '#contract/errors'
import type { Audit } from './audit/audit.ts'

/** An endpoint with the code that answers it. */
export interface Route {
  readonly name: string
  readonly endpoint: Endpoint
  readonly handler: Handler<Endpoint>
}

export function routesOf<C extends Contract>(stage: string, contract: C, handlers: Handlers<C>): Route[] {
  return Object.entries(contract).map(([name, endpoint]) => ({
    name: `${stage}.${name}`,
    endpoint,
    handler: handlers[name as keyof C] as unknown as Handler<Endpoint>,
  }))
}

export type Dispatch = (route: Route, input: unknown, context: CallContext) => Promise<unknown>

/** Every call passes here, from whichever door: input checked, permission checked, answered, audited. */
export function createDispatch({ audit }: { audit: Audit }): Dispatch {
  return async (route, input, context) => {
    const { endpoint } = route
    const parsed = parseInput(endpoint.input, input)
    if (!context.caller.permissions.has(endpoint.permission)) {
      fail(
        'permission_denied',
        `${context.caller.name} may not ${route.name}: it needs the permission "${endpoint.permission}".`,
      )
    }
    if (endpoint.permission === 'read') return route.handler(parsed, context)
    const record = (outcome: string): Promise<void> =>
      audit.record({
        actor: context.caller.name,
        action: route.name,
        input: JSON.stringify(parsed ?? {}).slice(0, 4000),
        outcome,
        requestId: context.requestId,
      })
    try {
      const output = await route.handler(parsed, context)
      await record('ok')
      return output
    } catch (error) {
      await record(error instanceof DevmlopsError ? error.code : 'internal')
      throw error
    }
  }
}

/** The client's way to the same handlers without a socket. */
export function localTransport(
  routes: readonly Route[],
  dispatch: Dispatch,
  context: Pick<CallContext, 'caller'>,
): Transport {
  const byEndpoint = new Map(routes.map((route) => [route.endpoint, route]))
  return async (name, endpoint, input, options: CallOptions) => {
    const route = byEndpoint.get(endpoint) ?? fail('internal', `Nothing answers ${name}.`)
    const body = options.body instanceof Uint8Array ? new Blob([options.body]).stream() : options.body
    const output = await dispatch(route, input ?? {}, {
      ...context,
      requestId: randomUUID(),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(body === undefined ? {} : { body }),
    })
    return endpoint.kind === 'download' ? output : endpoint.output.parse(output)
  }
}

function parseInput(schema: z.ZodType, input: unknown): unknown {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const [first] = result.error.issues
  const at = first?.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
  const text = result.error.issues
    .map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`)
    .join('; ')
  return fail('invalid_input', text, at === undefined || at === '' ? {} : { at })
}
