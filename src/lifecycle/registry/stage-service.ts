import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { Announce } from './announcement.ts'
import type { ModelVersion } from './contract.ts'
import { createInVersion, type VersionName } from './in-version.ts'
import type { Lookup } from './lookup.ts'
import { activeStages, stageNamed, type Stage } from './stage.ts'
import type { RegistryStore, RegistryTransaction } from './store.ts'

export interface StageServiceDependencies {
  readonly store: RegistryStore
  readonly lookup: Lookup
  readonly announce: Announce
  readonly clock: Clock
}

/** Rules about stages. Every move is written down with who and when. */
export function createStageService(dependencies: StageServiceDependencies) {
  const { store, lookup, clock } = dependencies
  const inVersion = createInVersion(dependencies)

  return {
    /** Moves the version to a stage; with `archiveOthers`, whatever is in that stage goes to the archive. */
    moveStage: async (
      named: VersionName,
      { stage, archiveOthers = false }: { readonly stage: string; readonly archiveOthers?: boolean },
      caller: Pick<Caller, 'name'>,
    ): Promise<ModelVersion> => {
      const to = stageNamed(stage)
      if (archiveOthers && !activeStages.includes(to)) {
        fail(
          'invalid_input',
          `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are ${activeStages.join(', ')}`,
          { at: 'archive_existing_versions' },
        )
      }
      await inVersion(named, async (transaction, { modelNumber, version }) => {
        const time = clock.now()
        await store.lockModel(transaction, named.model, time)
        if (to === 'Production') await checkGates(transaction, modelNumber, named)
        const move = async (moved: number, target: Stage): Promise<void> => {
          const from = (await store.stageOf(transaction, { modelNumber, version: moved })) ?? 'None'
          await store.moveStage(transaction, modelNumber, {
            version: moved,
            from,
            to: target,
            actor: caller.name,
            time,
          })
          if (from === target) return
          await store.addNews(transaction, {
            type: 'model.stage_changed',
            subject: `model/${named.model}@${moved}`,
            actor: caller.name,
            payload: { model: named.model, version: moved, from, to: target },
          })
        }
        if (archiveOthers) {
          for (const other of await store.versionsInStage(transaction, modelNumber, to)) {
            if (other !== version) await move(other, 'Archived')
          }
        }
        await move(version, to)
      })
      return lookup.getVersion(named.model, String(named.version))
    },
  }

  /** A version whose gates failed goes there only after somebody answered for it. */
  async function checkGates(
    transaction: RegistryTransaction,
    modelNumber: number,
    { model, version }: VersionName,
  ): Promise<void> {
    const judged = await store.verdictOf(transaction, modelNumber, version)
    if (judged?.verdict !== 'failed') return
    const moves = await store.transitions(modelNumber, undefined, transaction)
    if (moves.some(({ forced, toVersion }) => forced && toVersion === version)) return
    fail('gate_failed', `Version ${version} of "${model}" did not pass its gates.`, {
      hint: `To overrule them: devmlops models promote ${model} ${version} --force --reason "…"; then it may be moved to Production.`,
    })
  }
}
