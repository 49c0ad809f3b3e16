import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { freshDatabase } from '#platform/database/testing'
import { startServer, until } from './program.fixture.ts'

const clients = 8
const acknowledgedBeforeKill = 400

describe('a server that is killed while clients log to it', () => {
  const postgres = process.env['DEVMLOPS_TEST_POSTGRES_URL'] === undefined ? 'no PostgreSQL' : false

  it('has every acknowledged point after its restart', () => killAndLook({}))

  it('has every acknowledged point after its restart, on PostgreSQL', { skip: postgres }, async () =>
    killAndLook({ DEVMLOPS_DATABASE_URL: await freshDatabase() }),
  )
})

async function killAndLook(environment: Readonly<Record<string, string>>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-killed-logging-'))
  writeFileSync(join(directory, 'devmlops.yaml'), 'project: killed\n')
  try {
    const server = await startServer(directory, [], environment)
    const runIds = await Promise.all(Array.from({ length: 3 }, () => createRun(server.url)))
    const acknowledged = new Set<string>()
    const sent = new Set<string>()
    const log = async (client: number): Promise<void> => {
      for (let step = 0; ; step += 1) {
        const runId = runIds[(client + step) % runIds.length] ?? ''
        const place = `${runId} m${client} ${step}`
        const metrics = Array.from({ length: 5 }, (_, index) => ({
          key: `m${client}`,
          value: index,
          timestamp: 1,
          step,
        }))
        sent.add(place)
        await call(server.url, 'runs/log-batch', { run_id: runId, metrics })
        acknowledged.add(place)
      }
    }
    const logging = Promise.allSettled(Array.from({ length: clients }, (_, client) => log(client)))
    await until(() => acknowledged.size >= acknowledgedBeforeKill || undefined, 'some acknowledged points')
    await server.kill()
    await logging

    const again = await startServer(directory, [], environment)
    const found = new Map<string, number>()
    for (const runId of runIds) {
      for (let client = 0; client < clients; client += 1) {
        const query = `run_id=${runId}&metric_key=m${client}`
        const answer = await fetch(`${again.url}/api/2.0/mlflow/metrics/get-history?${query}`)
        const { metrics = [] } = (await answer.json()) as { metrics?: { key: string; step: number }[] }
        for (const { key, step } of metrics) {
          const place = `${runId} ${key} ${step}`
          found.set(place, (found.get(place) ?? 0) + 1)
        }
      }
    }
    await again.stop()
    assert.deepEqual(
      [...acknowledged].filter((place) => found.get(place) !== 5),
      [],
      'acknowledged and lost',
    )
    assert.deepEqual(
      [...found].filter(([place, points]) => points !== 5 || !sent.has(place)),
      [],
      'there in part',
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function createRun(url: string): Promise<string> {
  const { run } = (await call(url, 'runs/create', { experiment_id: '0' })) as {
    run: { info: { run_id: string } }
  }
  return run.info.run_id
}

async function call(url: string, path: string, body: object): Promise<unknown> {
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return JSON.parse(text)
}
