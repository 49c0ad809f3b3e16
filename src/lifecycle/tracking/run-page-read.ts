import type { Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import { toRun, type Run } from './run-details.ts'
import { readRunPage, type RunPageQuery, type RunPlace } from './run-page.ts'
import { textLengthOf } from './run-texts.ts'

const mostLength = 32_000_000

/** A page of whole runs, in a module that a thread can load. */
export async function readRuns(
  query: Kysely<unknown>,
  engine: Engine,
  page: RunPageQuery,
): Promise<{ items: Run[]; next: RunPlace | undefined }> {
  const items: Run[] = []
  const next = await readRunPage(query, engine, {
    ...page,
    mostLength,
    take: (run) => {
      items.push(toRun(run))
      return textLengthOf(run)
    },
  })
  return { items, next }
}
