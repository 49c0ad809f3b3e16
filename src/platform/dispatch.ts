import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { CallContext, Contract, Endpoint, Handler, Handlers } from '#contract/endpoint'
import type { CallOptions, Transport } from '#contract/client'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { Audit } from './audit/audit.ts'
import type { Log } from './log.ts'
import { redact } from './redact.ts'

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

const longestAuditInput = 4000

/**
 * Every call passes here, from whichever door: permission checked, input checked, answered, audited. The audit record has
 * every change, whether it succeeded or not, and every refusal; reading leaves no trace, nor does what is its own record.
 */
export function createDispatch({ audit, log }: { audit: Audit; log: Log }): Dispatch {
  return async (route, input, context) => {
    const { endpoint } = route
    const record = (outcome: string, kept: unknown): Promise<void> =>
      audit.record({
        actor: context.caller.name,
        action: route.name,
        input: (JSON.stringify(redact(kept)) ?? '{}').slice(0, longestAuditInput),
        outcome,
        requestId: context.requestId,
      })
    // The failure is what the caller must learn, also when the disk is too full to write it down.
    const recordFailure = (outcome: string, kept: unknown): Promise<void> =>
      record(outcome, kept).catch((error: unknown) =>
        log.error({ action: route.name, outcome, error: messageOf(error) }, 'not audited'),
      )
    if (!context.caller.permissions.has(endpoint.permission)) {
      await recordFailure('permission_denied', {})
      fail(
        'permission_denied',
        `${context.caller.name} may not ${route.name}: it needs the permission "${endpoint.permission}".`,
      )
    }
    const parsed = parseInput(endpoint.input, input)
    if (endpoint.permission === 'read' || endpoint.audit === 'none') return route.handler(parsed, context)
    let output: unknown
    try {
      output = await route.handler(parsed, context)
    } catch (error) {
      await recordFailure(error instanceof DevmlopsError ? error.code : 'internal', parsed)
      throw error
    }
    await record('ok', parsed)
    return output
  }
}

const mostIssues = 10

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
  const { issues } = result.error
  const told = issues
    .slice(0, mostIssues)
    .map(({ path, message }) => `${placeOf(path) || 'input'}: ${message}`)
  if (issues.length > mostIssues) told.push(`and ${issues.length - mostIssues} more`)
  const at = placeOf(issues[0]?.path ?? [])
  return fail('invalid_input', told.join('; '), at === '' ? {} : { at })
}

/** As in `inputs[0].data`. */
function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}
