import type { Database } from '#platform/database/index'
import type { DataProject } from '../data-project.ts'
import type { ColumnClasses, MaskingByClass } from './column-class.ts'
import { createMaskingKey } from './masking-key.ts'
import { maskingFor, type Masking, type MaskingKey } from './masking.ts'
import type { PolicyTables } from './policy-tables.ts'

interface Policy {
  readonly columns: ColumnClasses
  readonly masking: MaskingByClass
}

/** Answers what of a dataset may leave as it is. */
export interface Maskings {
  of(dataset: string): Promise<Masking>
  /** Keeps what the project says, so that it still holds when the dataset is taken out of the project. */
  remember(dataset: string): Promise<void>
}

export interface MaskingsOptions {
  readonly database: Database
  readonly clock: { now(): number }
  readonly project: () => Promise<DataProject>
  /** Undefined: `hash` masks. */
  readonly secret: string | undefined
}

export function createMaskings({ database, clock, project, secret }: MaskingsOptions): Maskings {
  const query = database.query.withTables<PolicyTables>()
  let key: MaskingKey | undefined
  const keyOf = (): MaskingKey | undefined => {
    if (secret !== undefined) key ??= createMaskingKey(secret)
    return key
  }
  const declared = async (dataset: string): Promise<Policy | undefined> =>
    (await project()).sections.data[dataset]
  const remembered = async (dataset: string): Promise<Policy | undefined> => {
    const row = await query
      .selectFrom('dataset_policies')
      .select('policy')
      .where('dataset', '=', dataset)
      .executeTakeFirst()
    return row === undefined ? undefined : (JSON.parse(row.policy) as Policy)
  }
  return {
    of: async (dataset) => {
      const policy = (await declared(dataset)) ?? (await remembered(dataset))
      return policy === undefined ? { rules: new Map(), key: undefined } : maskingFor(policy, {}, keyOf())
    },
    remember: async (dataset) => {
      const policy = await declared(dataset)
      if (policy === undefined) return
      const { columns, masking } = policy
      const text = JSON.stringify({ columns, masking })
      const known = await remembered(dataset)
      if (known === undefined && Object.keys(columns).length === 0) return
      if (known !== undefined && JSON.stringify(known) === text) return
      const set = { policy: text, updated_at: clock.now() }
      await query
        .insertInto('dataset_policies')
        .values({ dataset, ...set })
        .onConflict((conflict) => conflict.column('dataset').doUpdateSet(set))
        .execute()
    },
  }
}
