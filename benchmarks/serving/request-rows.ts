import type { BenchmarkRow } from '../row.ts'
import { forestRow, load, noteOf, startServer, type LoadResult } from './measured-load.ts'
import {
  startBentoml,
  startFastapi,
  startMlflow,
  startMlserver,
  type PeerServer,
  type Pythons,
} from './peer-servers.ts'

const tensor = JSON.stringify({
  inputs: [{ name: 'input', shape: [1, 20], datatype: 'FP32', data: forestRow }],
})
const named = JSON.stringify({
  rows: [Object.fromEntries(forestRow.map((value, index) => [`f${index}`, value]))],
})
const infer = ['/v2/models/forest/infer', tensor] as const
const key = 'dk_benchmark000_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'

interface Case {
  readonly name: string
  readonly request: readonly [path: string, body: string]
  readonly server: readonly string[]
  readonly headers?: readonly string[]
  /** A peer's figure stands beside ours without the log. */
  readonly isBase?: boolean
}

const cases: readonly Case[] = [
  { name: 'node:http echo (ceiling)', request: infer, server: ['--kind', 'echo'] },
  { name: 'infer, no log', request: infer, server: [], isBase: true },
  { name: 'infer, no log, all in onnxruntime', request: infer, server: ['--scorer', 'onnxruntime'] },
  { name: 'infer, logged after the answer', request: infer, server: ['--log', 'after_answer'] },
  { name: 'infer, logged before the answer', request: infer, server: ['--log', 'before_answer'] },
  {
    name: 'infer, canary, keys, no log',
    request: infer,
    server: ['--canary', '--key', key],
    headers: [`authorization: Bearer ${key}`],
  },
  {
    name: 'infer, canary, keys, logged before the answer',
    request: infer,
    server: ['--canary', '--key', key, '--log', 'before_answer'],
    headers: [`authorization: Bearer ${key}`],
  },
  { name: 'predict (named fields), no log', request: ['/deployments/forest/predict', named], server: [] },
]

/**
 * Requests per second of one serving process: a forest of 100 trees of depth 6 on 20 features, one row per request, JSON, 64
 * keep-alive connections from a process on the same machine. Without peers the ratio is to what node:http does without a
 * model.
 */
export async function requestRows(
  forest: string | undefined,
  pythons: Pythons | undefined,
): Promise<BenchmarkRow[]> {
  const rows: BenchmarkRow[] = []
  let ceiling = Number.NaN
  let base = Number.NaN
  for (const { name, request, server, headers = [], isBase } of cases) {
    const started = await startServer([...server, ...(forest === undefined ? [] : ['--forest', forest])])
    try {
      const [path, body] = request
      const result = await started.measure([
        '--url',
        started.url + path,
        '--body',
        body,
        ...headers.flatMap((header) => ['--header', header]),
      ])
      if (Number.isNaN(ceiling)) ceiling = result.perSecond
      if (isBase === true) base = result.perSecond
      rows.push({
        name,
        ours: result.perSecond,
        unit: 'requests/s',
        ratio: result.perSecond / ceiling,
        note: `${noteOf(result, result.cpu)}; ratio to the ceiling`,
      })
    } finally {
      await started.close()
    }
  }
  if (forest === undefined || pythons === undefined) return rows
  for (const start of [startFastapi, startMlserver, startBentoml, startMlflow]) {
    const peer = await start(pythons, forest, forestRow).catch((error: Error) => {
      console.log(`  ${error.message.split('\n')[0] ?? ''}`)
      return undefined
    })
    if (peer === undefined) continue
    rows.push(peerRow(peer, base, await measurePeer(peer)))
  }
  return rows
}

async function measurePeer(peer: PeerServer): Promise<LoadResult> {
  try {
    return await load(['--url', peer.url, '--body', peer.body])
  } finally {
    peer.close()
  }
}

function peerRow({ name }: PeerServer, ours: number, result: LoadResult): BenchmarkRow {
  return {
    name: `infer, no log, beside ${name}`,
    ours,
    peer: result.perSecond,
    unit: 'requests/s',
    note: `theirs: ${noteOf(result)}`,
  }
}
