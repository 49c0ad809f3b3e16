import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fail, messageOf } from '#contract/errors'
import { servingPlanSchema, type ServingPlan } from '../../plan.ts'

/** The accepted plan on disk, from which a restarted process comes back by itself. */
export interface PlanFile {
  read(): Promise<ServingPlan | undefined>
  write(plan: ServingPlan): Promise<void>
}

export function planFile(stateDirectory: string): PlanFile {
  const path = join(stateDirectory, 'plan.json')
  return {
    read: async () => {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      return text === undefined ? undefined : parsePlan(text, path)
    },
    write: async (plan) => {
      try {
        await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
        await replaceFile(path, JSON.stringify(plan))
      } catch (error) {
        fail('storage_full', `The plan cannot be kept in ${stateDirectory}: ${messageOf(error)}.`, {
          hint: 'Free space or repair the folder; the plan before it stays in place.',
          cause: error,
        })
      }
    },
  }
}

function parsePlan(text: string, path: string): ServingPlan {
  try {
    return servingPlanSchema.parse(JSON.parse(text))
  } catch (error) {
    return fail('storage_corrupt', `${path} is not a serving plan: ${messageOf(error)}.`, {
      hint: 'Remove the file; the plan is sent again when the server starts.',
      cause: error,
    })
  }
}

/** Whole or not at all, whatever happens meanwhile: written aside, synced, renamed, and the folder synced. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
