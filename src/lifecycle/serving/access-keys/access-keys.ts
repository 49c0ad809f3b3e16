import type { z } from 'zod'
import type { Caller } from '#contract/endpoint'
import { fail, messageOf } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { KeyPlan, Rate, Scope } from '../deployment/access.ts'
import type { accessKeysContract, KeyView } from './contract.ts'
import { newKey } from './key-secret.ts'
import { createKeyStore, type KeyRow } from './key-store.ts'

type NewKeyRequest = z.output<(typeof accessKeysContract.create)['input']>

export interface AccessKeysDependencies {
  readonly platform: Platform
  /** Brings the serving process to the keys that there are now. */
  readonly onChange: () => Promise<void>
}

/** Keys for predictions: made once, listed without their secrets, taken back at once. */
export function createAccessKeys({ platform, onChange }: AccessKeysDependencies) {
  const { clock, events, log } = platform
  const store = createKeyStore(platform.database)

  /** What is written holds: a serving process that cannot be told now is told by the next heartbeat. */
  const tell = async (): Promise<void> => {
    try {
      await onChange()
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the serving process was not told of a key')
    }
  }

  return {
    list: async (): Promise<KeyView[]> => (await store.all()).map(viewOf),

    create: async (request: NewKeyRequest, caller: Caller): Promise<{ key: KeyView; secret: string }> => {
      const now = clock.now()
      if (request.expiresAt !== undefined && request.expiresAt <= now) {
        fail('invalid_input', 'The key would have expired already.', { at: 'expiresAt' })
      }
      const { id, secret, digest, verificationKey } = newKey()
      const row: KeyRow = {
        id,
        name: request.name,
        digest,
        verification_key: request.signing ? verificationKey : null,
        scopes: JSON.stringify(request.scopes),
        deployments: request.deployments === undefined ? null : JSON.stringify(request.deployments),
        rate: request.rate === undefined ? null : JSON.stringify(request.rate),
        concurrency: request.concurrency ?? null,
        created_at: now,
        created_by: caller.name,
        expires_at: request.expiresAt ?? null,
        revoked_at: null,
        revoked_by: null,
      }
      if (!(await store.add(row))) {
        fail('already_exists', `There is a key named "${request.name}".`, {
          hint: `Choose another name, or revoke it: \`devmlops keys revoke ${request.name}\`.`,
        })
      }
      await events.emit({
        type: 'access_key.created',
        subject: `access-key/${id}`,
        actor: caller.name,
        payload: { name: request.name, scopes: request.scopes, deployments: request.deployments },
      })
      await tell()
      return { key: viewOf(row), secret }
    },

    revoke: async (nameOrId: string, caller: Caller): Promise<KeyView> => {
      const rows = await store.all()
      const row =
        rows.find(
          ({ id, name, revoked_at }) => revoked_at === null && (name === nameOrId || id === nameOrId),
        ) ??
        rows.find(({ id }) => id === nameOrId) ??
        fail('not_found', `No key is named "${nameOrId}".`, { hint: '`devmlops keys list` shows all.' })
      if (row.revoked_at !== null) return viewOf(row)
      const revoked = { ...row, revoked_at: clock.now(), revoked_by: caller.name }
      await store.revoke(row.id, { time: revoked.revoked_at, actor: caller.name })
      await events.emit({
        type: 'access_key.revoked',
        subject: `access-key/${row.id}`,
        actor: caller.name,
        payload: { name: row.name },
      })
      await tell()
      return viewOf(revoked)
    },

    /** The keys that may be used, for the serving plan; ordered, so that the same keys make the same plan. */
    forPlan: async (): Promise<KeyPlan[]> => {
      const now = clock.now()
      return (await store.all())
        .filter(
          ({ revoked_at, expires_at }) => revoked_at === null && (expires_at === null || expires_at > now),
        )
        .map(planOf)
        .sort((left, right) => (left.id < right.id ? -1 : 1))
    },
  }
}

export type AccessKeys = ReturnType<typeof createAccessKeys>

function limitsOf({ deployments, rate, concurrency }: KeyRow) {
  return {
    ...(deployments === null ? {} : { deployments: JSON.parse(deployments) as string[] }),
    ...(rate === null ? {} : { rate: JSON.parse(rate) as Rate }),
    ...(concurrency === null ? {} : { concurrency }),
  }
}

function viewOf(row: KeyRow): KeyView {
  return {
    id: row.id,
    name: row.name,
    scopes: JSON.parse(row.scopes) as Scope[],
    ...limitsOf(row),
    signs: row.verification_key !== null,
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
    ...(row.revoked_by === null ? {} : { revokedBy: row.revoked_by }),
  }
}

function planOf(row: KeyRow): KeyPlan {
  return {
    id: row.id,
    name: row.name,
    digest: row.digest,
    scopes: JSON.parse(row.scopes) as Scope[],
    ...limitsOf(row),
    ...(row.verification_key === null ? {} : { verificationKey: row.verification_key }),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  }
}
