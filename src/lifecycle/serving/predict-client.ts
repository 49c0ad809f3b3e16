import { randomUUIDv7 } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { askEndpoint } from '#contract/ask-endpoint'
import { fail, messageOf } from '#contract/errors'
import { environmentVariable } from '#platform/config'
import type { DeploymentView } from './contract.ts'

export interface PredictionRequest {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly key?: string | undefined
  readonly event_time?: string | undefined
}

export interface PredictionAnswer {
  readonly predictions: readonly Readonly<Record<string, unknown>>[]
}

const timeoutMs = 60_000

/** Sends rows to the endpoint's friendly form; once more where it failed in a way that passes. */
export async function requestPredictions(
  deployment: Pick<DeploymentView, 'name' | 'live'>,
  request: PredictionRequest,
): Promise<PredictionAnswer> {
  const url = deployment.live?.url
  if (url === undefined) {
    return fail('not_ready', `"${deployment.name}" does not answer.`, {
      hint: 'Start the server with `devmlops server`.',
    })
  }
  const response = await askEndpoint(
    { url, token: environmentVariable('DEVMLOPS_TOKEN') },
    {
      path: `/deployments/${encodeURIComponent(deployment.name)}/predict`,
      headers: { 'content-type': 'application/json' },
      // Named here, so that a second attempt is the same prediction.
      body: JSON.stringify({ ids: request.rows.map(() => randomUUIDv7()), ...request }),
      timeoutMs,
    },
  )
  return (await response.json()) as PredictionAnswer
}

/** Rows from `field=value` words, or from a JSON file. A value that reads as a number or boolean is one. */
export async function readRows(
  words: readonly string[],
  file: string | undefined,
): Promise<Record<string, unknown>[]> {
  if (file !== undefined) return readRowFile(file)
  if (words.length === 0)
    fail('invalid_input', 'No inputs.', { hint: 'Give FIELD=VALUE words, or --file rows.json.' })
  const fields = words.map((word) => {
    const at = word.indexOf('=')
    if (at < 1) fail('invalid_input', `"${word}" is not FIELD=VALUE.`)
    return [word.slice(0, at), valueOf(word.slice(at + 1))] as const
  })
  return [Object.fromEntries(fields)]
}

async function readRowFile(file: string): Promise<Record<string, unknown>[]> {
  try {
    const rows: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (Array.isArray(rows)) return rows as Record<string, unknown>[]
  } catch (error) {
    fail('unreadable_data', `${file}: ${messageOf(error)}`)
  }
  return fail('unreadable_data', `${file} does not hold a list of objects.`)
}

function valueOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}
