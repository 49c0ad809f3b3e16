import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { Experiment, LifecycleStage } from './contract.ts'
import type { ExperimentSearch } from './experiment-search.ts'
import type { createExperimentStore } from './experiment-store.ts'
import { pageFrom } from './page-token.ts'
import { checkExperimentName, checkExperimentTags, limits } from './limits.ts'

export interface ExperimentRequest {
  readonly name: string
  readonly artifactLocation?: string
  readonly tags?: Readonly<Record<string, string>>
}

export interface ExperimentServiceDependencies {
  readonly platform: Pick<Platform, 'clock'>
  readonly store: ReturnType<typeof createExperimentStore>
}

/** Rules about experiments. A name stays taken when its experiment is deleted: the experiment may be restored. */
export function createExperimentService({ platform, store }: ExperimentServiceDependencies) {
  const { clock } = platform

  const getExperiment = async (id: string): Promise<Experiment> => {
    if (!/^-?\d{1,15}$/.test(id)) {
      fail('invalid_input', `"${id}" is not an experiment id; ids are whole numbers.`, { at: 'experimentId' })
    }
    return (await store.byId(Number(id))) ?? fail('not_found', `There is no experiment with the id ${id}.`)
  }

  const activeExperiment = async (id: string): Promise<Experiment> => {
    const experiment = await getExperiment(id)
    if (experiment.lifecycleStage === 'active') return experiment
    return fail(
      'conflict',
      `The experiment ${id}, "${experiment.name}", must be in the 'active' state. Current state is deleted.`,
      { hint: 'Restore it first.' },
    )
  }

  const nameTaken = async (name: string): Promise<never> => {
    const holder = await store.byName(name)
    const deleted = holder?.lifecycleStage === 'deleted'
    return fail(
      'already_exists',
      `${deleted ? 'A deleted' : 'An'} experiment named "${name}" exists already${holder === undefined ? '' : ` (${holder.id})`}.`,
      { at: 'name', hint: deleted ? 'Restore it, or choose another name.' : 'Choose another name.' },
    )
  }

  const createExperiment = async (request: ExperimentRequest): Promise<Experiment> => {
    const { name, artifactLocation, tags = {} } = request
    checkExperimentName(name)
    checkExperimentTags(tags)
    checkArtifactLocation(artifactLocation)
    const id = await store.insert({ name, artifactLocation, tags, now: clock.now() })
    return id === undefined ? nameTaken(name) : getExperiment(String(id))
  }

  const moveTo = async (id: string, stage: LifecycleStage): Promise<void> => {
    const experiment = await getExperiment(id)
    if (experiment.lifecycleStage === stage) {
      const other = stage === 'deleted' ? 'active' : 'deleted'
      fail('not_found', `No ${other} experiment has the id ${id}: "${experiment.name}" is ${stage} already.`)
    }
    await store.setStage(Number(id), stage, clock.now())
  }

  return {
    getExperiment,
    activeExperiment,
    createExperiment,

    /** The active experiment of that name; made when there is none. Callers that ask at once get the same one. */
    getOrCreateExperiment: async (name: string): Promise<Experiment> => {
      const known = await store.byName(name)
      if (known === undefined) {
        checkExperimentName(name)
        await store.insert({ name, artifactLocation: undefined, tags: {}, now: clock.now() })
      }
      const experiment = known ?? (await store.byName(name))
      return experiment?.lifecycleStage === 'active' ? experiment : nameTaken(name)
    },

    findExperimentByName: (name: string): Promise<Experiment | undefined> => store.byName(name),

    listExperiments: (search: ExperimentSearch): Promise<Experiment[]> => store.list(search),

    /** A page of them with the token of the next one. */
    experimentPage: (
      search: Omit<ExperimentSearch, 'offset'> & { readonly after?: string | undefined },
    ): Promise<{ items: Experiment[]; next?: string }> =>
      pageFrom(search, (window) => store.list({ ...search, ...window })),

    renameExperiment: async (id: string, name: string): Promise<void> => {
      checkExperimentName(name)
      await activeExperiment(id)
      if (!(await store.rename(Number(id), name, clock.now()))) await nameTaken(name)
    },

    setExperimentTags: async (id: string, tags: Readonly<Record<string, string>>): Promise<void> => {
      checkExperimentTags(tags)
      await activeExperiment(id)
      await store.setTags(Number(id), tags)
      await store.touch(Number(id), clock.now())
    },

    deleteExperimentTag: async (id: string, key: string): Promise<void> => {
      await activeExperiment(id)
      if (!(await store.deleteTag(Number(id), key))) {
        fail('not_found', `The experiment ${id} has no tag "${key}".`)
      }
      await store.touch(Number(id), clock.now())
    },

    /** Deletes softly, with all its runs. */
    deleteExperiment: (id: string): Promise<void> => moveTo(id, 'deleted'),
    restoreExperiment: (id: string): Promise<void> => moveTo(id, 'active'),
  }
}

function checkArtifactLocation(location: string | undefined): void {
  if (location === undefined) return
  const at = { at: 'artifactLocation' }
  if (location.length > limits.artifactLocationLength) {
    fail(
      'invalid_input',
      `The artifact location is longer than ${limits.artifactLocationLength} characters.`,
      at,
    )
  }
  if (location.startsWith('runs:')) fail('invalid_input', 'An artifact location cannot be inside a run.', at)
  if (/[#;]/.test(location) || /(?:^|[/=?&])\.\.(?:\/|$)/.test(location)) {
    fail('invalid_input', `"${location}" cannot be an artifact location.`, at)
  }
}
