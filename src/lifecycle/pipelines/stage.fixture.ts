import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { fail } from '#contract/errors'
import { fileBlobStore } from '#platform/blobs/index'
import type { Platform, Stage } from '#platform/platform'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { migrate, openDatabase } from '#platform/database/index'
import { quoteText } from '#platform/tables/index'
import { defineSection, readProject } from '../project/index.ts'
import {
  createPipelinesSection,
  createPipelinesStage,
  pipelineMigrations,
  runForm,
  sqlForm,
  type DatasetPoint,
  type Executor,
  type PipelineProject,
  type PipelineRunDetail,
  type PipelinesService,
  type StartRequest,
  type StepForm,
  type StepKind,
} from './index.ts'
import { hashText } from './source-digest.ts'

const dataSection = defineSection({
  name: 'data',
  summary: 'Datasets',
  schema: z.record(z.string(), z.unknown()).prefault({}),
  example: 'data: {}\n',
})

export function readPipelines(text: string, forms: readonly StepForm[] = [sqlForm, runForm]) {
  return readProject({ sections: [dataSection, createPipelinesSection(forms)], text })
}

const noExecutor: Executor = {
  name: 'none',
  launch: () => fail('internal', 'This test starts no process.'),
  stopOrphan: async () => undefined,
}

export interface StageFixture {
  readonly service: PipelinesService
  readonly stage: Stage
  readonly platform: Platform
  readonly directory: string
  /** Writes a file of the project. */
  write(path: string, text: string): void
  /** Replaces the pipelines; `text` is what stands under `pipelines:`. */
  setPipelines(text: string): void
  /** Makes a new version of a dataset out of CSV text. */
  setDataset(name: string, csv: string): void
  run(request: Partial<StartRequest> & { readonly pipeline: string }): Promise<PipelineRunDetail>
  close(): Promise<void>
}

export interface FixtureOptions {
  readonly pipelines: string
  readonly kinds?: readonly StepKind[]
  readonly executor?: Executor
  readonly environment?: Readonly<Record<string, string>>
  /** Where the project and its home are, and stay; a temporary folder when left out. */
  readonly directory?: string
  /** A store that stays when the fixture is closed; in memory when left out. */
  readonly databasePath?: string
}

const request = { parameters: {}, force: false, only: [], trigger: { kind: 'manual' } } as const

/** The stage on a real platform, with datasets made of CSV text. */
export async function openStage(options: FixtureOptions): Promise<StageFixture> {
  const database = await openDatabase({ path: options.databasePath ?? ':memory:' })
  await migrate(database, [...platformMigrations, ...pipelineMigrations], 0)
  const fixture = fixturePlatform(database)
  const own = mkdtempSync(join(tmpdir(), 'devmlops-project-'))
  const directory = options.directory ?? own
  const platform =
    options.directory === undefined
      ? fixture.platform
      : {
          ...fixture.platform,
          config: { ...fixture.platform.config, home: join(directory, '.devmlops') },
          blobs: fileBlobStore(join(directory, '.devmlops', 'blobs')),
        }
  let pipelines = options.pipelines
  const datasets = csvDatasets(join(own, '.datasets'))
  const project = async (): Promise<PipelineProject> => {
    const indented = pipelines.replaceAll(/^(?=.)/gm, '  ')
    const data = `data: {${datasets.names().join(': {}, ')}${datasets.names().length > 0 ? ': {}' : ''}}`
    const text = `project: test\n${data}\npipelines:\n${indented}\n`
    const { sections } = await readPipelines(text, [sqlForm, runForm, ...(options.kinds ?? [])])
    return { directory, environment: options.environment ?? {}, pipelines: sections.pipelines }
  }
  const { service, stage } = createPipelinesStage({
    platform,
    project,
    datasets: datasets.point,
    executor: options.executor ?? noExecutor,
    kinds: options.kinds ?? [],
    cores: 2,
  })
  for (const kind of stage.jobKinds ?? []) platform.jobs.register(kind)
  await platform.jobs.start()
  return {
    service,
    stage,
    platform,
    directory,
    write: (path, text) => {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), text)
    },
    setPipelines: (text) => {
      pipelines = text
    },
    setDataset: datasets.set,
    run: async (wanted) => finished(await service.start({ ...request, ...wanted }, { name: 'ann' }), service),
    close: async () => {
      await platform.jobs.stop()
      await fixture.close()
      rmSync(own, { recursive: true, force: true })
    },
  }
}

export async function finished(
  started: PipelineRunDetail,
  service: PipelinesService,
): Promise<PipelineRunDetail> {
  let run = started
  while (run.finishedAt === undefined) {
    run = await service.get(run.id, { revision: run.revision, waitMs: 1000, signal: undefined })
  }
  return run
}

function csvDatasets(directory: string) {
  const versions = new Map<string, { version: number; digest: string; path: string }>()
  const resolve = (reference: string) => {
    const [name = ''] = reference.split('@')
    const found = versions.get(name) ?? fail('not_found', `The dataset "${name}" has no version.`)
    return { name, ...found }
  }
  const point: DatasetPoint = {
    resolveDataset: async (reference) => resolve(reference),
    openDataset: async (reference) => {
      const found = resolve(reference)
      return {
        ...found,
        parts: [{ path: found.path, format: 'csv' }],
        relation: `read_csv(${quoteText(found.path)})`,
        allowedPaths: [found.path],
      }
    },
  }
  return {
    point,
    names: () => [...versions.keys()],
    set: (name: string, csv: string) => {
      const version = (versions.get(name)?.version ?? 0) + 1
      mkdirSync(directory, { recursive: true })
      const path = join(directory, `${name}-${version}.csv`)
      writeFileSync(path, csv)
      versions.set(name, { version, digest: hashText(csv), path })
    },
  }
}
