import { readFile } from 'node:fs/promises'
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

/** Sends rows to the endpoint's friendly form. */
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
  const token = environmentVariable('DEVMLOPS_TOKEN')
  const response = await fetch(new URL(`/deployments/${encodeURIComponent(deployment.name)}/predict`, url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
  })
  const answer = (await response.json()) as PredictionAnswer & { error?: string; detail?: string }
  if (response.ok) return answer
  return fail(
    response.status === 503 ? 'not_ready' : 'invalid_input',
    answer.error ?? answer.detail ?? `HTTP ${response.status}`,
  )
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
