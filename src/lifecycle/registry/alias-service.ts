import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import { rollbackTarget } from './alias-trail.ts'
import type { Announce } from './announcement.ts'
import { championAlias, type Transition } from './contract.ts'
import { checkAlias, checkAliasForm } from './names.ts'
import type { NewTransition } from './alias-store.ts'
import type { RegistryStore, RegistryTransaction } from './store.ts'
import type { RecordHook } from './webhooks/webhook-event.ts'

type Actor = Pick<Caller, 'name'>

export interface Promotion {
  readonly model: string
  readonly alias: string
  readonly version: number
  readonly reason?: string
  /** Although the gates of the version failed; needs a reason. */
  readonly force?: boolean
}

export interface Rollback {
  readonly model: string
  /** The champion when left out. */
  readonly alias?: string
  /** The version that it had once; the one before the present one when left out. */
  readonly to?: number
  readonly reason?: string
  readonly force?: boolean
}

export interface Removal {
  readonly model: string
  readonly alias: string
  readonly reason?: string
}

export interface AliasServiceDependencies {
  readonly store: RegistryStore
  readonly announce: Announce
  readonly clock: Clock
  readonly recordHook: RecordHook
  existingModel(name: string): Promise<{ readonly number: number }>
}

interface Judged {
  readonly modelNumber: number
  readonly model: string
  readonly version: number
  readonly force: boolean
  readonly reason: string | undefined
}

/** Rules about aliases. Every move is written down with who, when and why, in the transaction that moves it. */
export function createAliasService(dependencies: AliasServiceDependencies) {
  const { store, announce, clock, existingModel, recordHook } = dependencies
  /** Answers whether gates were overruled. */
  const checkGates = async (transaction: RegistryTransaction, judged: Judged): Promise<boolean> => {
    const { modelNumber, model, version, force, reason } = judged
    const found =
      (await store.verdictOf(transaction, modelNumber, version)) ??
      fail('not_found', `The model "${model}" has no version ${version}.`, {
        hint: `See \`devmlops models show ${model}\`.`,
      })
    if (found.verdict !== 'failed') return false
    if (!force) {
      fail('gate_failed', `Version ${version} of "${model}" did not pass its gates.`, {
        hint: `See \`devmlops models show ${model}@${version}\`; --force with --reason overrules them.`,
      })
    }
    if (reason === undefined || reason.trim() === '') {
      fail('invalid_input', 'Overruling failed gates needs a reason.', {
        at: 'reason',
        hint: 'Add --reason "…"; it is kept in the history.',
      })
    }
    return true
  }

  const move = async (
    { model, alias }: { readonly model: string; readonly alias: string },
    decide: (
      transaction: RegistryTransaction,
      state: { readonly modelNumber: number; readonly current: number | undefined },
    ) => Promise<Omit<NewTransition, 'modelNumber' | 'alias' | 'fromVersion' | 'time'> | undefined>,
  ): Promise<Transition | undefined> => {
    checkAliasForm(alias)
    const { number: modelNumber } = await existingModel(model)
    const time = clock.now()
    const moved = await store.transaction(async (transaction): Promise<Transition | undefined> => {
      await store.lockModel(transaction, model, time)
      const current = await store.aliasVersion(modelNumber, alias, transaction)
      const decided = await decide(transaction, { modelNumber, current })
      if (decided === undefined) return undefined
      const transition = { ...decided, alias, fromVersion: current ?? null, time }
      const sequence = await store.moveAlias(transaction, { ...transition, modelNumber })
      const { toVersion } = transition
      await recordHook(
        transaction,
        modelNumber,
        toVersion === null
          ? { entity: 'alias', action: 'deleted', data: { name: model, alias } }
          : { entity: 'alias', action: 'created', data: { name: model, alias, version: String(toVersion) } },
      )
      return { ...transition, model, sequence }
    })
    await announce()
    return moved
  }

  return {
    /** Tells what a process that died had decided and not told; call it when the program starts. */
    announcePending: announce,

    /** Points the alias to the version. Undefined when it was there already: nothing moved, nothing is written. */
    promote: async (promotion: Promotion, caller: Actor): Promise<Transition | undefined> => {
      const { model, version, reason, force = false } = promotion
      checkAlias(promotion.alias)
      return move(promotion, async (transaction, { modelNumber, current }) => {
        const forced = await checkGates(transaction, { modelNumber, model, version, force, reason })
        if (current === version) return undefined
        return {
          kind: 'set',
          toVersion: version,
          actor: caller.name,
          reason: reason ?? 'no reason given',
          forced,
        }
      })
    },

    /**
     * Points the alias to the version it had before. Again, and it goes further back: see {@link rollbackTarget}.
     * Fails with `conflict` when there is nothing to go back to.
     */
    rollback: async (rollback: Rollback, caller: Actor): Promise<Transition> => {
      const { model, alias = championAlias, reason, force = false } = rollback
      const moved = await move({ model, alias }, async (transaction, { modelNumber, current }) => {
        const deleted = await store.deletedVersions(transaction, modelNumber)
        const moves = (await store.transitions(modelNumber, alias, transaction)).filter(
          ({ toVersion }) => toVersion === null || !deleted.has(toVersion),
        )
        const version = rollback.to ?? rollbackTarget(moves, current) ?? nothingBefore(model, alias, current)
        const forced = await checkGates(transaction, { modelNumber, model, version, force, reason })
        return {
          kind: 'rollback',
          toVersion: version,
          actor: caller.name,
          reason: reason ?? 'rolled back',
          forced,
        }
      })
      return moved ?? fail('internal', `The alias "${alias}" of "${model}" did not move.`)
    },

    /** Undefined when the model has no such alias. */
    removeAlias: async (removal: Removal, caller: Actor): Promise<Transition | undefined> =>
      move(removal, async (_transaction, { current }) =>
        current === undefined
          ? undefined
          : {
              kind: 'removed',
              toVersion: null,
              actor: caller.name,
              reason: removal.reason ?? 'removed',
              forced: false,
            },
      ),
  }
}

function nothingBefore(model: string, alias: string, current: number | undefined): never {
  return fail(
    'conflict',
    current === undefined
      ? `No version of "${model}" has or had the alias "${alias}".`
      : `There is nothing to roll back to: version ${current} of "${model}" is as far back as "${alias}" goes.`,
    { hint: `See the history in \`devmlops models show ${model}\`, or promote another version.` },
  )
}
