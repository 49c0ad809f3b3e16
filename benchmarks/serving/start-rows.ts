import { setTimeout as pause } from 'node:timers/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, type BenchmarkRow } from '../row.ts'
import { residentMb } from '../tracking/process-tree.ts'

const repetitions = 5

/** From the start of the process until it says that it is ready, with the plan of the process before; and what it then holds. */
export async function startRows(forest: string | undefined): Promise<BenchmarkRow[]> {
  const rows: BenchmarkRow[] = []
  for (const models of [1, 100]) {
    const state = await mkdtemp(join(tmpdir(), 'start-bench-'))
    const words = [
      '--state',
      state,
      '--models',
      String(models),
      ...(forest === undefined ? [] : ['--forest', forest]),
    ]
    try {
      stop(await started([...words]))
      const seconds: number[] = []
      let memory = 0
      for (let index = 0; index < repetitions; index++) {
        const beganAt = performance.now()
        const child = await started([...words, '--restore'])
        seconds.push((performance.now() - beganAt) / 1000)
        await pause(1000)
        memory = residentMb(child.pid ?? 0)
        stop(child)
      }
      rows.push({
        name: `start to ready with ${models} model${models === 1 ? '' : 's'}`,
        ours: median(seconds),
        unit: 's',
        note: `${memory.toFixed(0)} MB a second later`,
      })
    } finally {
      await rm(state, { recursive: true, force: true })
    }
  }
  return rows
}

async function started(words: readonly string[]): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'server-under-load.ts'), [...words], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const ready = await fetch(`${line.toString().trim().split('\n')[0] ?? ''}/v2/health/ready`)
  if (!ready.ok) throw new Error('The server says that it is not ready.')
  return child
}

function stop(child: ChildProcess): void {
  child.kill('SIGKILL')
}
