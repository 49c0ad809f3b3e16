import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { requireDataset, type DataProject } from '../data-project.ts'
import { createMaskings } from '../personal/maskings.ts'
import { requireAllowed } from '../require-allowed.ts'
import { openArrivalTables } from '../rows/arrival-tables.ts'
import type { DataService } from '../service.ts'
import { collect } from '../sources/collector.ts'
import type { DataStore } from '../store.ts'
import { checkArrivals } from '../versions/check-arrivals.ts'
import { correctSuite } from './correct-suite.ts'
import { inferSuite } from './infer-suite.ts'
import { readFacts } from './read-facts.ts'
import type { Corrections, SuiteProposal } from './suite-proposal.ts'

export interface Inference {
  propose(name: string, version: number | 'latest'): Promise<SuiteProposal>
  correct(name: string, paths: readonly string[] | undefined, caller: Caller): Promise<Corrections>
}

export interface InferenceOptions {
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  readonly service: DataService
  readonly store: DataStore
}

export function createInference({
  platform,
  project: readProject,
  service,
  store,
}: InferenceOptions): Inference {
  const maskings = createMaskings({
    database: platform.database,
    clock: platform.clock,
    project: readProject,
    secret: platform.config.maskingKey,
  })
  return {
    propose: async (name, version) => {
      const found = await service.get(name, version)
      if (found.columns.length === 0) {
        fail('invalid_input', `${name}@${found.version} has no columns: it is a folder of files.`, {
          hint: 'Expectations are about tables.',
        })
      }
      // As it may be shown: what is masked there is not written into a project file either.
      const profile = await service.profile(name, found.version)
      const { relation, allowedPaths } = await service.open(`${name}@${found.version}`)
      const config = (await readProject()).sections.data[name]
      const tables = await openArrivalTables(platform, allowedPaths)
      try {
        const nowMs = platform.clock.now()
        const facts = await readFacts(tables, { relation, profile, time: config?.time, nowMs })
        const arrivalRows = config?.mode === 'replace' ? [found.rows] : found.parts.map(({ rows }) => rows)
        const suite = inferSuite({ profile, arrivalRows, key: config?.key ?? [], ...facts })
        return { dataset: name, version: found.version, rows: found.rows, ...suite }
      } finally {
        tables.close()
      }
    },
    correct: async (name, paths, caller) => {
      const project = await readProject()
      const config = requireDataset(project, name)
      requireAllowed(paths, project, caller)
      const parent = await store.version(name, 'latest')
      const collected = await collect(name, { project, config, paths }, { platform, store }).catch(
        (error: unknown) => {
          if (paths !== undefined || parent === undefined) throw error
          return undefined
        },
      )
      try {
        const masking = await maskings.of(name)
        const arrivals: Corrections['arrivals'] = []
        const request = { dataset: name, config, files: collected?.files ?? [], parent, masking }
        await checkArrivals(request, platform, async (tables, { paths: names, validation }) => {
          const { rows, outcome } = validation
          const corrected = await correctSuite(tables, { config, validation, masking })
          arrivals.push({ paths: [...names], rows, outcome, ...corrected })
        })
        return { dataset: name, arrivals }
      } finally {
        await collected?.release()
      }
    },
  }
}
