import { casesOf, expect, skip, type ConformanceCase } from '../conformance-case.ts'
import type { Target } from '../target.ts'
import { expectRefused, infer, modelPath, needInputs, objectOf } from './inference-answer.ts'

const repository = casesOf('repository', 'repository')
const statistics = casesOf('statistics', 'statistics')

type Case = (target: Target) => Promise<void>

const listed =
  (extension: string, check: Case): Case =>
  async (target) => {
    if (!target.extensions.includes(extension)) skip(`the server does not list ${extension}`)
    await check(target)
  }

async function index(target: Target, body: object): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { status, json } = await target.send('POST', '/v2/repository/index', { body })
  expect(status === 200, `the status is ${status}`)
  expect(Array.isArray(json), 'the answer is not a list')
  return json.map((entry, place) => objectOf(entry, `[${place}]`))
}

const states = new Set(['UNKNOWN', 'READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING'])
const modelRepository = 'model_repository'

/** extension_model_repository.md and extension_statistics.md of github.com/triton-inference-server/server, docs/protocol. */
export const repositoryCases: readonly ConformanceCase[] = [
  repository.must(
    'index',
    'The index lists every model with its name and state.',
    listed(modelRepository, async (target) => {
      const entries = await index(target, {})
      for (const { name, state } of entries) {
        expect(typeof name === 'string', 'an entry has no name')
        expect(
          state === undefined || (typeof state === 'string' && states.has(state)),
          `the state of ${name} is ${JSON.stringify(state)}`,
        )
      }
      expect(
        entries.some(({ name }) => name === target.model.name),
        'the model is not in it',
      )
    }),
  ),
  repository.must(
    'index-ready',
    'With ready true the index lists models that are ready only.',
    listed(modelRepository, async (target) => {
      const entries = await index(target, { ready: true })
      expect(
        entries.some(({ name }) => name === target.model.name),
        'the model is not in it',
      )
      expect(
        entries.every(({ state }) => state === undefined || state === 'READY'),
        'one of them is not READY',
      )
    }),
  ),
  repository.must(
    'load-unknown',
    'To load a model that is not there is an error.',
    listed(modelRepository, async (target) => {
      expectRefused(await target.send('POST', '/v2/repository/models/no-such-model-here/load', { body: {} }))
    }),
  ),
  repository.must(
    'unload-load',
    'A model that is unloaded is not ready, and is again when it is loaded.',
    listed(modelRepository, async (target) => {
      if (!target.mayUnload) skip('--unload was not given')
      const path = `/v2/repository/models/${encodeURIComponent(target.model.name)}`
      const unloaded = await target.send('POST', `${path}/unload`, { body: {} })
      expect(unloaded.status === 200, `unload has the status ${unloaded.status}`)
      const gone = await target.send('GET', `${modelPath(target)}/ready`)
      const loaded = await target.send('POST', `${path}/load`, { body: {} })
      expect(gone.status >= 400, `the readiness of the unloaded model has the status ${gone.status}`)
      expect(loaded.status === 200, `load has the status ${loaded.status}`)
      await infer(target)
    }),
  ),
  statistics.must(
    'shape',
    'Statistics name the model, and count inferences and executions.',
    listed('statistics', async (target) => {
      const [statistic] = await modelStats(target)
      expect(statistic !== undefined, 'model_stats is empty')
      expect(statistic['name'] === target.model.name, `name is ${JSON.stringify(statistic['name'])}`)
      for (const field of ['inference_count', 'execution_count'])
        expect(Number.isSafeInteger(Number(statistic[field])), `${field} is not a whole number`)
      objectOf(statistic['inference_stats'], 'inference_stats')
    }),
  ),
  statistics.must(
    'count',
    'An inference is counted.',
    listed('statistics', async (target) => {
      needInputs(target)
      const before = await counted(target)
      await infer(target)
      const after = await counted(target)
      expect(after > before, `the count is ${before} before and ${after} after an inference`)
    }),
  ),
]

async function modelStats(target: Target): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { status, json } = await target.send('GET', `${modelPath(target)}/stats`)
  expect(status === 200, `the status is ${status}`)
  const { model_stats: stats } = objectOf(json, 'the answer')
  expect(Array.isArray(stats), 'the answer has no list "model_stats"')
  return stats.map((entry, place) => objectOf(entry, `model_stats[${place}]`))
}

async function counted(target: Target): Promise<number> {
  const stats = await modelStats(target)
  return stats.reduce((sum, statistic) => sum + Number(statistic['inference_count']), 0)
}
