import { sql, type CreateTableBuilder } from 'kysely'
import type { Engine } from '#platform/database/index'

/** A table that is read by its primary key is stored in its order where the engine can do that. */
export async function createClustered<Table extends string, Column extends string>(
  table: CreateTableBuilder<Table, Column>,
  engine: Engine,
): Promise<void> {
  await (engine === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table).execute()
}
