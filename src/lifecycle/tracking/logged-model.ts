import { fail } from '#contract/errors'
import type { LifecycleStage } from './contract.ts'
import type { LoggedModelStatus } from './logged-model-tables.ts'
import type { Metric } from './metric-store.ts'

/** A point measured on a logged model, perhaps on a dataset. */
export interface ModelMetric extends Metric {
  readonly modelId: string
  readonly runId: string
  readonly datasetName?: string
  readonly datasetDigest?: string
}

/**
 * A model as it left training, before anybody names it in the registry: its files, what it was made with and what was
 * measured on it. Its id is `m-` and 32 hexadecimal digits.
 */
export interface LoggedModel {
  readonly id: string
  readonly experimentId: string
  readonly name: string
  /** Who made it, such as `sklearn`; free text. */
  readonly modelType: string | undefined
  readonly sourceRunId: string | undefined
  /** `PENDING` until all its files are there. */
  readonly status: LoggedModelStatus
  readonly statusMessage: string | undefined
  readonly lifecycleStage: LifecycleStage
  readonly createdAt: number
  readonly updatedAt: number
  readonly artifactUri: string
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  /** By name, then time; of each name at most the latest 1,000 points. */
  readonly metrics: readonly ModelMetric[]
}

const limits = { name: 500, modelType: 500, runId: 255, key: 255, value: 1_000_000 } as const

const forbidden = ['/', ':', '.', '%', '"', "'"] as const

/** Its name stands in URIs and filters, so some characters cannot be in it (MLflow's rule). */
export function checkLoggedModelName(name: string): void {
  if (name !== '' && !forbidden.some((character) => name.includes(character))) {
    checkText('name', name, limits.name)
    return
  }
  fail(
    'invalid_input',
    `Invalid model name ('${name.slice(0, 100)}') provided. Model name must be a non-empty string and cannot contain the following characters: ${forbidden.join(' ')}`,
    { at: 'name' },
  )
}

export function checkModelType(type: string): void {
  checkText('model_type', type, limits.modelType)
}

export function checkSourceRun(runId: string): void {
  checkText('source_run_id', runId, limits.runId)
}

/** Params and tags of logged models may have any key; only what cannot be kept is refused. */
export function checkPairs(kind: 'params' | 'tags', pairs: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(pairs)) {
    if (key === '') fail('invalid_input', `A key in ${kind} is empty.`, { at: kind })
    checkText(kind, key, limits.key)
    checkText(`${kind}.${key}`, value, limits.value)
  }
}

/** What both engines keep: PostgreSQL has no U+0000, UTF-8 no half characters. */
function checkText(at: string, text: string, longest: number): void {
  if (text.length > longest) {
    fail('invalid_input', `'${at}' exceeds the maximum length of ${longest} characters.`, { at })
  }
  if (text.includes('\0') || !text.isWellFormed()) {
    fail('invalid_input', `'${at}' holds a character that cannot be stored.`, { at })
  }
}
