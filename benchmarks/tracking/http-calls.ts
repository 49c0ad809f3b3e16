import { execFile } from 'node:child_process'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'

const agent = new Agent({ keepAlive: true, maxSockets: 32 })

/** One call of MLflow's protocol; the whole answer is read, and not parsed. */
export function exchange(
  url: string,
  { method = 'GET', body }: { readonly method?: string; readonly body?: unknown } = {},
): Promise<Buffer> {
  const content = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        agent,
        method,
        ...(content === undefined
          ? {}
          : {
              headers: {
                'content-type': 'application/json',
                'content-length': Buffer.byteLength(content),
              },
            }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const answer = Buffer.concat(chunks)
          if (response.statusCode === 200) resolve(answer)
          else
            reject(new Error(`${method} ${url}: ${response.statusCode} ${answer.toString().slice(0, 500)}`))
        })
      },
    )
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // A server may close a connection that was idle just as the next request is sent on it.
      if (sent.reusedSocket && error.code === 'ECONNRESET')
        exchange(url, { method, body }).then(resolve, reject)
      else reject(error)
    })
    sent.end(content)
  })
}

export function post<Answer>(url: string, path: string, body: unknown): Promise<Answer> {
  return exchange(`${url}/api/2.0/mlflow/${path}`, { method: 'POST', body }).then(
    (answer) => JSON.parse(answer.toString()) as Answer,
  )
}

/** Ids of new runs. */
export async function newRuns(url: string, count: number): Promise<string[]> {
  const runs: string[] = []
  for (let index = 0; index < count; index += 1) {
    const { run } = await post<{ run: { info: { run_id: string } } }>(url, 'runs/create', {
      experiment_id: '0',
      start_time: 1_700_000_000_000,
    })
    runs.push(run.info.run_id)
  }
  return runs
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
  readonly failure?: string
}

/** Clients that log to a run each, from a process of their own. */
export async function logLoad(
  url: string,
  load: { readonly clients: number; readonly metrics: number; readonly durationMs?: number },
): Promise<LoadResult> {
  const runs = await newRuns(url, load.clients)
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, 'log-load.ts'),
    `--url=${url}`,
    `--metrics=${load.metrics}`,
    `--durationMs=${load.durationMs ?? 4000}`,
    ...runs.map((run) => `--run=${run}`),
  ])
  const result = JSON.parse(stdout) as LoadResult
  if (result.failed > 0) throw new Error(`${result.failed} requests failed, such as: ${result.failure}`)
  return result
}
