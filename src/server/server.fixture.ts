import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { endpoint, type Contract, type Handlers } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { durationMs } from '#contract/units'
import { migrate, openDatabase } from '#platform/database/index'
import { createDispatch, routesOf } from '#platform/dispatch'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import type { Log } from '#platform/log'
import type { Platform } from '#platform/platform'
import { createApp } from './app.ts'
import { listen } from './listen.ts'
import { createServerMetrics } from './server-metrics.ts'

/** Every form that a call can have. */
export const thingsContract = {
  search: endpoint({
    method: 'GET',
    path: '/api/v1/things',
    summary: 'Find things',
    permission: 'read',
    input: z.strictObject({
      limit: z.number().int().min(1).max(100).default(10),
      exact: z.boolean().optional(),
      types: z.array(z.string()).optional(),
      labels: z.record(z.string(), z.string()).optional(),
    }),
    output: z.looseObject({}),
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/v1/things/:name',
    summary: 'Look at a thing',
    permission: 'read',
    input: z.strictObject({ name: z.string() }),
    output: z.looseObject({ name: z.string() }),
    errors: ['not_found'],
  }),
  change: endpoint({
    method: 'POST',
    path: '/api/v1/things/:name',
    summary: 'Change a thing',
    permission: 'write',
    input: z.strictObject({
      name: z.string(),
      nested: z.object({ rows: z.array(z.object({ value: z.number() })) }).optional(),
      timeout: durationMs.prefault('30s'),
      note: z.string().nullable().optional(),
    }),
    output: z.looseObject({}),
    errors: ['conflict'],
  }),
  remove: endpoint({
    method: 'DELETE',
    path: '/api/v1/things/:name',
    summary: 'Remove a thing',
    permission: 'write',
    input: z.strictObject({ name: z.string(), force: z.boolean().default(false) }),
    output: z.looseObject({}),
  }),
  upload: {
    ...endpoint({
      method: 'PUT',
      path: '/api/v1/things/:name/file',
      summary: 'Send a file',
      permission: 'write',
      input: z.strictObject({ name: z.string(), part: z.number().int().optional() }),
      output: z.looseObject({ sizeBytes: z.number() }),
    }),
    kind: 'upload',
  },
  download: {
    ...endpoint({
      method: 'GET',
      path: '/api/v1/things/:name/file',
      summary: 'Fetch a file',
      permission: 'read',
      input: z.strictObject({ name: z.string() }),
      output: z.unknown(),
    }),
    kind: 'download',
  },
} as const satisfies Contract

const handlers: Handlers<typeof thingsContract> = {
  search: async (input) => input,
  get: async ({ name }) => {
    if (name === 'broken') throw new TypeError('secret detail of a fault')
    if (name === 'gone') fail('not_found', 'There is no thing "gone".', { hint: 'List them.', at: 'name' })
    return { name, count: 2n ** 60n }
  },
  change: async (input) => ({ ...input }),
  remove: async (input) => input,
  upload: async (_input, { body }) => {
    let sizeBytes = 0
    for await (const chunk of body ?? []) sizeBytes += chunk.length
    return { sizeBytes }
  },
  download: async ({ name }) => ({
    body: new TextEncoder().encode(`bytes of ${name}`),
    contentType: 'text/csv',
    fileName: `${name}"; x="y.csv`,
  }),
}

export interface FixtureServer {
  readonly url: string
  readonly port: number
  readonly platform: Platform
  /** What was logged as a fault. */
  readonly faults: object[]
  close(): Promise<void>
}

/** The real server on a real socket, with a contract of every form and a page of two files. */
export async function fixtureServer({ token }: { token?: string } = {}): Promise<FixtureServer> {
  const database = await openDatabase({ path: ':memory:' })
  await migrate(database, platformMigrations, 0)
  const { platform, close: closePlatform } = fixturePlatform(database)
  const folder = mkdtempSync(join(tmpdir(), 'devmlops-server-'))
  mkdirSync(join(folder, 'page', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'page', 'index.html'), '<title>page</title>')
  writeFileSync(join(folder, 'page', 'assets', 'index-abc.js'), 'page()')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  const faults: object[] = []
  const ignore = (): void => undefined
  const log: Log = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (fields) => void faults.push(fields),
  }
  const closing = new AbortController()
  const app = createApp({
    routes: routesOf('things', thingsContract, handlers),
    dispatch: createDispatch(platform),
    events: platform.events,
    log,
    metrics: createServerMetrics([
      {
        name: 'devmlops_alerts_firing',
        help: 'Alerts that fire.',
        read: async () => [{ labels: { monitor: 'a"b\\c\n' }, value: 2 }],
      },
    ]),
    version: '1.2.3',
    token,
    loopback: true,
    pageDirectory: join(folder, 'page'),
    closing: closing.signal,
  })
  const listening = await listen(app, { host: '127.0.0.1', port: 0 })
  return {
    url: listening.url,
    port: Number(new URL(listening.url).port),
    platform,
    faults,
    close: async () => {
      closing.abort()
      await listening.close()
      await closePlatform()
      rmSync(folder, { recursive: true })
    },
  }
}
