import { spawn } from 'node:child_process'
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { devmlops, executable } from '../command.ts'
import type { BenchmarkRow } from '../row.ts'
import { forestRow, noteOf, startServer } from './measured-load.ts'

const body = JSON.stringify({
  inputs: [{ name: 'input', shape: [1, 20], datatype: 'FP32', data: forestRow }],
})
/** A moderate load: the question is what others cost it, not how much it can take. */
const connections = '4'

/** How long an answer takes while a training and a batch over three million flights keep the same cores busy. */
export async function besideRows(forest: string | undefined): Promise<BenchmarkRow[]> {
  const directories = await Promise.all([project(), project()])
  const [training, scoring] = directories
  const server = await startServer(forest === undefined ? [] : ['--forest', forest])
  const words = [
    '--url',
    `${server.url}/v2/models/forest/infer`,
    '--body',
    body,
    '--connections',
    connections,
    '--durationMs',
    '8000',
  ]
  try {
    const quiet = await server.measure(words)
    const others = [
      command(training, 'run', 'train', '--force'),
      command(
        scoring,
        'score',
        'all',
        '--model',
        'flight-delays@champion',
        '--data',
        'flights',
        '--folder',
        'scored',
      ),
    ]
    try {
      const busy = await server.measure([...words, '--warmupMs', '3000'])
      const running = others.filter(({ exitCode }) => exitCode === null).length
      return [
        {
          name: `p99, ${connections} connections, beside training and a batch`,
          ours: busy.p99,
          peer: quiet.p99,
          unit: 'ms',
          note: `peer is the quiet one: ${noteOf(quiet)}; busy: ${noteOf(busy)}; ${running} of 2 still ran at the end`,
        },
      ]
    } finally {
      for (const other of others) other.kill('SIGKILL')
    }
  } finally {
    await server.close()
    for (const directory of directories) await rm(directory, { recursive: true, force: true })
  }
}

/** The example with all of its months and a champion. */
async function project(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'beside-bench-'))
  await devmlops(directory, 'init', '.', '--example', 'flight-delays')
  for (const month of await readdir(join(directory, 'months')))
    await copyFile(join(directory, 'months', month), join(directory, 'incoming', month))
  await devmlops(directory, 'data', 'add', 'flights')
  await devmlops(directory, 'run', 'train')
  return directory
}

function command(directory: string, ...words: string[]) {
  return spawn(executable, words, { cwd: directory, stdio: 'ignore' })
}
