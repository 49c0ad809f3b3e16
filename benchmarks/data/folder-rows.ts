import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchmarkRow } from '../row.ts'
import { makeManyFiles } from './many-files.ts'
import { startS3Server } from './s3-server.ts'
import { devmlopsTool, dvcTool, type VersionTool } from './version-tools.ts'

const files = 70_000

/** DVC sends one object a file, for a quarter of an hour; a tenth of the files shows enough, and the ratio is a lower bound. */
const peerFilesToS3 = process.argv.includes('--full') ? files : files / 10

type Step = 'add' | 'add again' | 'status' | 'checkout' | 'push' | 'pull'
const targets: Readonly<Record<Step, string>> = {
  add: '≤ 6 s, 3×',
  'add again': '≤ 1 s, 3×',
  status: '≤ 0.5 s, 3×',
  checkout: '≤ 6 s, 3×',
  push: '≤ 6 s, 30×',
  pull: '≤ 6 s, 30×',
}

/** 70,000 small files, each step as a whole command; DVC with its defaults. */
export async function folderRows(directory: string, python: string | undefined): Promise<BenchmarkRow[]> {
  const s3 = await startS3Server(python)
  try {
    const ours = await measure(await devmlopsTool(join(directory, 'ours'), s3), {
      files,
      remote: s3 !== undefined,
    })
    const theirs = python === undefined ? {} : await measurePeer(directory, { python, s3 })
    return (Object.keys(targets) as Step[]).flatMap((step) => {
      const [our, their] = [ours[step], theirs[step]]
      if (our === undefined) return []
      const isPart = (step === 'push' || step === 'pull') && their !== undefined && peerFilesToS3 < files
      return [
        {
          name: `${files.toLocaleString('en')} files: ${step}`,
          ours: our,
          unit: 's',
          ...(their === undefined ? {} : { peer: their, ratio: their / our }),
          note: `${targets[step]}; peer: DVC${isPart ? ` with ${peerFilesToS3.toLocaleString('en')} files` : ''}`,
        },
      ]
    })
  } finally {
    s3?.stop()
  }
}

async function measurePeer(
  directory: string,
  { python, s3 }: { python: string; s3: Awaited<ReturnType<typeof startS3Server>> },
): Promise<Partial<Record<Step, number>>> {
  const local = await dvcTool(join(directory, 'dvc'), python, undefined)
  if (local === undefined) return {}
  const figures = await measure(local, { files, remote: false })
  if (s3 === undefined) return figures
  const remote = await dvcTool(join(directory, 'dvc-s3'), python, s3)
  const sent = remote === undefined ? {} : await measure(remote, { files: peerFilesToS3, remote: true })
  return { ...sent, ...figures }
}

async function measure(
  tool: VersionTool,
  { files: count, remote }: { files: number; remote: boolean },
): Promise<Partial<Record<Step, number>>> {
  mkdirSync(tool.folder, { recursive: true })
  makeManyFiles(tool.folder, count)
  const figures: Partial<Record<Step, number>> = {}
  const time = async (step: Step, work: () => Promise<unknown>): Promise<void> => {
    const startedAt = performance.now()
    await work()
    figures[step] = (performance.now() - startedAt) / 1000
    console.log(`  ${tool.name}, ${count} files: ${step} ${figures[step].toFixed(2)} s`)
  }
  await time('add', () => tool.add())
  await time('add again', () => tool.add())
  await time('status', () => tool.status())
  rmSync(tool.folder, { recursive: true })
  await time('checkout', () => tool.checkout())
  if (!remote) return figures
  await time('push', () => tool.push())
  tool.forget()
  await time('pull', () => tool.pull())
  return figures
}
