import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { fail } from '#contract/errors'
import type { ModelSource } from '#lifecycle/serving/model-runtime-point'

/** A model's files as a folder, for programs that load one by its path, and a place for what they write. */
export interface ModelFolder {
  readonly model: string
  readonly work: string
  remove(): Promise<void>
}

export async function writeModelFolder(directory: string, source: ModelSource): Promise<ModelFolder> {
  const folder = join(directory, `${process.pid}-${randomUUID()}`)
  const model = join(folder, 'model')
  const work = join(folder, 'work')
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  await mkdir(work, { recursive: true, mode: 0o700 })
  try {
    for (const path of source.paths) {
      const target = join(model, normalize(path))
      if (!target.startsWith(join(model, '/'))) {
        fail('invalid_input', `${source.label} has a file outside of its folder: ${path}.`)
      }
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, await source.read(path), { mode: 0o444, flag: 'wx' })
    }
    return { model, work, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Removes what processes left that no longer run. */
export async function sweepModelFolders(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = Number(/^(\d+)-/.exec(name)?.[1])
    if (!Number.isInteger(pid) || isRunning(pid)) continue
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
