import { sql, type RawBuilder } from 'kysely'
import type { Engine } from '#platform/database/index'

/** Thousands of ids as one parameter, so that the text of the statement does not grow with them. */
export function idsIn(engine: Engine, ids: readonly string[]): RawBuilder<string> {
  return engine === 'postgres'
    ? sql<string>`(select unnest(${[...ids]}::text[]))`
    : sql<string>`(select value from json_each(${JSON.stringify(ids)}))`
}
