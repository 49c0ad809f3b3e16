import { fail } from '#contract/errors'
import type { DatasetInput, ModelOutput } from './contract.ts'
import type { createInputStore } from './input-store.ts'
import { invalidValue } from './limits.ts'
import type { RunRow } from './run-store.ts'

/** MLflow's, but for the digest: ours say which hash they are. */
const longest = {
  name: 500,
  digest: 128,
  sourceType: 100,
  source: 65_535,
  schema: 1_048_575,
  profile: 16_777_215,
  context: 500,
} as const

const longestTag = { key: 255, value: 500 } as const
const mostInputs = 1000

export interface InputServiceDependencies {
  readonly store: ReturnType<typeof createInputStore>
  readonly activeRun: (runId: string) => Promise<RunRow>
}

/** What a run used and made: datasets and models. Saying the same thing again changes nothing. */
export function createInputService({ store, activeRun }: InputServiceDependencies) {
  return {
    logInputs: async (runId: string, datasets: readonly DatasetInput[]): Promise<void> => {
      checkCount('datasets', datasets.length)
      for (const [index, dataset] of datasets.entries()) checkDataset(dataset, `datasets[${index}]`)
      const run = await activeRun(runId)
      // Of two with one name and digest the first counts. In one order, so that nobody waits for another in a circle.
      const distinct = new Map<string, DatasetInput>()
      for (const dataset of datasets) {
        const identity = `${dataset.name}\n${dataset.digest}`
        if (!distinct.has(identity)) distinct.set(identity, dataset)
      }
      const ordered = [...distinct].sort(([left], [right]) => (left < right ? -1 : 1))
      await store.addDatasets(
        run,
        ordered.map(([, dataset]) => dataset),
      )
    },

    logInputModels: async (runId: string, modelIds: readonly string[]): Promise<void> => {
      checkModels(modelIds)
      const models = modelIds.map((modelId) => ({ modelId, step: 0 }))
      await store.addModels((await activeRun(runId)).number, 'input', models)
    },

    logOutputs: async (runId: string, models: readonly ModelOutput[]): Promise<void> => {
      checkModels(models.map(({ modelId }) => modelId))
      await store.addModels((await activeRun(runId)).number, 'output', models)
    },
  }
}

function checkDataset(dataset: DatasetInput, at: string): void {
  for (const [field, limit] of Object.entries(longest)) {
    checkText(dataset[field as keyof typeof longest], { at: `${at}.${field}`, name: field, limit })
  }
  for (const [key, value] of Object.entries(dataset.tags)) {
    checkText(key, { at: `${at}.tags`, name: 'key', limit: longestTag.key })
    checkText(value, { at: `${at}.tags`, name: 'value', limit: longestTag.value })
  }
}

function checkText(
  text: string | undefined,
  { at, name, limit }: { readonly at: string; readonly name: string; readonly limit: number },
): void {
  if (text === undefined) return
  if (text.length > limit) {
    fail('invalid_input', `'${name}' exceeds the maximum length of ${limit} characters`, { at })
  }
  if (!text.includes('\0')) return
  fail('invalid_input', `The value of '${name}' holds the character U+0000, which cannot be stored.`, { at })
}

function checkModels(modelIds: readonly string[]): void {
  checkCount('models', modelIds.length)
  for (const [index, modelId] of modelIds.entries()) {
    if (!/^[\w-]{1,255}$/.test(modelId)) invalidValue(modelId, { at: `models[${index}].model_id` })
  }
}

function checkCount(what: string, count: number): void {
  if (count <= mostInputs) return
  fail('invalid_input', `A request can name at most ${mostInputs} ${what}. Got ${count}.`, { at: what })
}
