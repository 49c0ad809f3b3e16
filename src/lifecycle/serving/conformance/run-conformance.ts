import { fail, messageOf } from '#contract/errors'
import { binaryCases } from './cases/binary-cases.ts'
import { coreCases } from './cases/core-cases.ts'
import { errorCases } from './cases/error-cases.ts'
import { grpcCases } from './cases/grpc-cases.ts'
import { repositoryCases } from './cases/repository-cases.ts'
import { NotApplicable, Unmet, type ConformanceCase, type Section } from './conformance-case.ts'
import { openGrpcClient, type GrpcClient } from './grpc-client.ts'
import { discover, type Discovered } from './discover.ts'
import { exampleInputs, sendRequest, shown, type Exchange, type Target } from './target.ts'
import type { ExampleTensor } from './tensor-example.ts'

export interface ConformanceOptions {
  /** Of REST, such as `http://127.0.0.1:5001`. */
  readonly url: string
  /** `host:port`, or `https://host:port` with TLS. */
  readonly grpcAddress?: string | undefined
  /** The first that the server lists, when it is left out. */
  readonly model?: string | undefined
  readonly token?: string | undefined
  /** The inputs of an inference, for models whose metadata do not say them; one row. */
  readonly inputs?: readonly ExampleTensor[] | undefined
  readonly mayUnload?: boolean | undefined
  readonly timeoutMs?: number | undefined
}

export interface CaseResult extends Pick<ConformanceCase, 'id' | 'section' | 'rule' | 'required'> {
  readonly result: 'pass' | 'fail' | 'skip'
  /** What was wrong, or why it was not asked. */
  readonly reason: string | undefined
  /** Of a case that failed: what was sent and answered, the last one last. */
  readonly exchanges: readonly Exchange[]
}

export interface ConformanceReport {
  readonly url: string
  readonly server: string
  readonly model: string
  /** All required cases that were asked have passed. */
  readonly conforms: boolean
  readonly counts: Readonly<Record<CaseResult['result'], number>>
  readonly cases: readonly CaseResult[]
}

export const conformanceCases: readonly ConformanceCase[] = [
  ...coreCases,
  ...errorCases,
  ...binaryCases,
  ...repositoryCases,
  ...grpcCases,
]

const defaultTimeoutMs = 10_000
const exchangesKept = 4

/**
 * Asks any server of the Open Inference Protocol everything that the protocol and its extensions promise, knowing nothing of it
 * but what it says of itself. Fails with `server_unreachable`, and with `not_found` when it has no model.
 */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const { timeoutMs = defaultTimeoutMs, token, grpcAddress } = options
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const exchanges: Exchange[] = []
  const url = options.url.replace(/\/+$/, '')
  const terms = { url, headers, timeoutMs, note: (exchange: Exchange) => void exchanges.push(exchange) }
  const discovered = await discover(terms, options.model)
  const grpc =
    grpcAddress === undefined ? undefined : await openGrpcClient(grpcAddress, { timeoutMs, headers })
  try {
    const target = targetOf(options, discovered, {
      grpc,
      note: terms.note,
      send: (method, path, request = {}) => sendRequest(terms, { method, path }, request),
    })
    const cases: CaseResult[] = []
    for (const one of conformanceCases) cases.push(await runCase(one, target, exchanges))
    return reportOf(url, discovered, cases)
  } finally {
    grpc?.close()
  }
}

function targetOf(
  { inputs, mayUnload = false }: ConformanceOptions,
  { extensions, model }: Discovered,
  { grpc, note, send }: { readonly grpc: GrpcClient | undefined } & Pick<Target, 'note' | 'send'>,
): Target {
  return {
    extensions,
    model,
    grpc,
    mayUnload,
    send,
    note,
    call: async (path, message) => {
      if (grpc === undefined) return fail('internal', 'There is no gRPC client.')
      const reply = await grpc.call(path, message)
      note({
        request: `gRPC ${path}\n${shown(message)}`,
        answer: `status ${reply.status} ${reply.details}${reply.message === undefined ? '' : `\n${shown(reply.message)}`}`,
      })
      return reply
    },
    inputs: (rows, firstRow = 0) => inputs ?? exampleInputs(model, rows, firstRow),
  }
}

async function runCase(
  { id, section, rule, required, check }: ConformanceCase,
  target: Target,
  exchanges: Exchange[],
): Promise<CaseResult> {
  exchanges.length = 0
  const said = { id, section, rule, required }
  try {
    if (section === 'gRPC' && target.grpc === undefined)
      throw new NotApplicable('no address was given with --grpc')
    await check(target)
    return { ...said, result: 'pass', reason: undefined, exchanges: [] }
  } catch (error) {
    if (error instanceof NotApplicable)
      return { ...said, result: 'skip', reason: error.message, exchanges: [] }
    // Whatever else is thrown comes from reading an answer that no server should give.
    const reason = error instanceof Unmet ? error.message : `the answer cannot be read: ${messageOf(error)}`
    return { ...said, result: 'fail', reason, exchanges: exchanges.slice(-exchangesKept) }
  }
}

function reportOf(
  url: string,
  { server, model }: Discovered,
  cases: readonly CaseResult[],
): ConformanceReport {
  const count = (result: CaseResult['result']): number => cases.filter((one) => one.result === result).length
  return {
    url,
    server,
    model: model.name,
    conforms: cases.every((one) => !one.required || one.result !== 'fail'),
    counts: { pass: count('pass'), fail: count('fail'), skip: count('skip') },
    cases,
  }
}

export const sections: readonly Section[] = [
  'core',
  'errors',
  'binary tensors',
  'repository',
  'statistics',
  'gRPC',
]
