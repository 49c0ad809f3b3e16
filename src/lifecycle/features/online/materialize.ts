import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { openTables, quoteName, requireRow, type Cell, type Row, type Tables } from '#platform/tables/index'
import type { DatasetPoint } from '../../pipelines/index.ts'
import { joinedRows, joinPointInTime } from '../joins/point-in-time.ts'
import { viewRows } from '../joins/view-rows.ts'
import { valuePath } from '../reads.ts'
import type { Materialization } from '../store.ts'
import type { EntityView } from '../views/feature-view.ts'
import { openValueFile, writeValueFile, type StoredCell, type StoredValues } from './value-file.ts'

export interface MaterializeRequest {
  readonly name: string
  readonly view: EntityView
  readonly version: number
  readonly previous: Materialization | undefined
  /** Also keys without new rows. */
  readonly full: boolean
  readonly actor: string
}

export interface Materialized extends Materialization {
  readonly changedKeys: number
  readonly notes: readonly string[]
  readonly durationMs: number
}

/** Rows that are in memory at a time. */
const rowsPerRead = 20_000

/**
 * Keeps the newest values of each key in a file for look-up: what a point-in-time join at this moment gives, without the
 * time to live, which counts when a value is looked up. Only keys of which something became known since the last time are
 * worked out; all of them when rows appeared that should have been known by then.
 */
export async function materialize(
  { name, view, version, previous, full, actor }: MaterializeRequest,
  { platform, datasets }: { readonly platform: Platform; readonly datasets: DatasetPoint },
): Promise<Materialized> {
  const startedMs = performance.now()
  const dataset = await datasets.openDataset(view.source)
  const path = valuePath(platform.config.home, name, version)
  const work = join(platform.config.home, 'spool', `features-${randomUUID()}`)
  await mkdir(dirname(path), { recursive: true })
  const tables = await openTables({
    allowedDirectories: [work],
    allowedPaths: dataset.allowedPaths,
    temporaryDirectory: join(work, 'tmp'),
  })
  try {
    const features = Object.keys(view.features)
    const now = platform.clock.now()
    const source = { name, view, relation: dataset.relation, features }
    const rows = await viewRows(tables, source)
    const known = `greatest(e, c) <= ${now}::BIGINT * 1000`
    const count = async (upTo: number): Promise<number> =>
      Number(
        requireRow(
          await tables.rows(
            `SELECT count(*) AS rows FROM ${rows.sql} WHERE greatest(e, c) <= ${upTo}::BIGINT * 1000`,
          ),
        )['rows'],
      )
    const base = full || previous === undefined || !existsSync(path) ? undefined : previous
    const isIncremental = base !== undefined && (await count(base.watermark)) === base.watermarkRows
    const since = isIncremental ? ` AND greatest(e, c) > ${base.watermark}::BIGINT * 1000` : ''
    const keys = view.entity.map((column, i) => `k${i} AS ${quoteName(column)}`)
    await tables.run(
      `CREATE TEMP TABLE devmlops_asked AS SELECT DISTINCT ${keys.join(', ')}, make_timestamp_ms(${now}) AS devmlops_now
       FROM ${rows.sql} WHERE ${known}${since}`,
    )
    const report = await joinPointInTime(tables, {
      rows: 'devmlops_asked',
      label: `The keys of ${name}`,
      time: 'devmlops_now',
      boundary: 'at_or_before',
      views: [
        {
          ...source,
          keyColumns: view.entity,
          columns: Object.fromEntries(features.map((feature, i) => [feature, `devmlops_f${i}`])),
          timeColumn: 'devmlops_at',
          ttlMs: 0,
        },
      ],
    })
    await tables.run(
      `CREATE TEMP TABLE devmlops_latest AS SELECT * FROM (${joinedRows}) WHERE devmlops_at IS NOT NULL`,
    )
    const changed = Number(
      requireRow(await tables.rows('SELECT count(*) AS rows FROM devmlops_latest'))['rows'],
    )
    const fresh = entriesOf(tables, view.entity, { features: features.length, rows: changed })
    const kept = isIncremental
      ? await keptEntries(tables, { path, entity: view.entity })
      : { keys: 0, entries: [] }
    const header = {
      view: name,
      version,
      entity: [...view.entity],
      features,
      ttlMs: view.ttl ?? null,
      watermark: now,
      keys: kept.keys + changed,
    }
    const sizeBytes = await writeValueFile(path, header, both(kept.entries, fresh))
    return {
      view: name,
      version,
      source: { label: `${dataset.name}@${dataset.version}`, digest: dataset.digest },
      keys: header.keys,
      sizeBytes,
      watermark: now,
      watermarkRows: await count(now),
      createdAt: now,
      createdBy: actor,
      changedKeys: changed,
      notes: report.notes,
      durationMs: performance.now() - startedMs,
    }
  } finally {
    tables.close()
    await rm(work, { recursive: true, force: true })
  }
}

/** What of the last file stays as it is. */
async function keptEntries(
  tables: Tables,
  { path, entity }: { path: string; entity: readonly string[] },
): Promise<{ keys: number; entries: Iterable<StoredValues> }> {
  const renewed = new Set<string>()
  const list = entity.map(quoteName).join(', ')
  for (const row of await tables.rows(`SELECT ${list} FROM devmlops_latest`)) {
    renewed.add(JSON.stringify(entity.map((column) => storedCell(row[column]))))
  }
  const file = openValueFile(path)
  const { keys } = file.header
  let replaced = 0
  for (const key of renewed) if (file.get(JSON.parse(key) as StoredCell[]) !== undefined) replaced++
  return {
    keys: keys - replaced,
    entries: (function* () {
      try {
        for (const entry of file.entries()) if (!renewed.has(JSON.stringify(entry.key))) yield entry
      } finally {
        file.close()
      }
    })(),
  }
}

async function* entriesOf(
  tables: Tables,
  entity: readonly string[],
  { features, rows }: { features: number; rows: number },
): AsyncGenerator<StoredValues> {
  for (let first = 0; first < rows; first += rowsPerRead) {
    const read = await tables.rows(
      `SELECT * FROM devmlops_latest WHERE rowid >= ${first} AND rowid < ${first + rowsPerRead}`,
    )
    for (const row of read) yield entryOf(row, entity, features)
  }
}

function entryOf(row: Row, entity: readonly string[], features: number): StoredValues {
  return {
    key: entity.map((column) => storedCell(row[column])),
    at: Math.floor(Number(row['devmlops_at']) / 1000),
    values: Array.from({ length: features }, (_, i) => storedCell(row[`devmlops_f${i}`])),
  }
}

async function* both(
  first: Iterable<StoredValues>,
  second: AsyncIterable<StoredValues>,
): AsyncGenerator<StoredValues> {
  yield* first
  yield* second
}

function storedCell(cell: Cell | undefined): StoredCell {
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'bigint') return String(cell)
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null
  if (typeof cell === 'string' || typeof cell === 'boolean') return cell
  return fail('invalid_input', 'A feature that is a list or a structure cannot be looked up.', {
    hint: 'Make a number or a text of it with `sql:`.',
  })
}
