import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { quoteText, type Row, type Tables } from '#platform/tables/index'
import { requireDataset, type DataProject } from '../../data-project.ts'
import { createMaskings } from '../../personal/maskings.ts'
import { maskRows } from '../../personal/shown.ts'
import type { VersionName } from '../../reference.ts'
import { localParts, openArrivalTables } from '../../rows/arrival-tables.ts'
import { relationOf } from '../../rows/relation.ts'
import type { DataStore } from '../../store.ts'
import { compareVersions } from '../../versions/compared-versions.ts'
import type { DatasetVersion } from '../../versions/dataset-version.ts'
import { columnsOf } from '../named-columns.ts'
import { describeCheck } from '../describe-check.ts'
import { checksOf, type Check } from '../expectation.ts'
import { placeOf, type FilePlace } from '../sample-rows.ts'
import { prepareChecks } from '../validate.ts'
import { failureQuery } from './failure-query.ts'
import type { FailingRow, FailuresPage } from './failing-row.ts'
import { createFailuresStore, type FailuresStore } from './failures-store.ts'

interface Asked {
  readonly check?: string | undefined
  readonly limit: number
  readonly after?: string | undefined
}

export interface FailuresService {
  ofVersion(name: string, version: VersionName, asked: Asked): Promise<FailuresPage>
  ofRejection(name: string, id: string, asked: Asked): Promise<FailuresPage>
}

export interface FailuresOptions {
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  readonly store: DataStore
  /** @throws not_found */
  readonly version: (name: string, version: VersionName) => Promise<DatasetVersion>
}

/** One check and how to get its rows after a place. */
interface Source {
  readonly kind: string
  readonly expected: string
  readonly columns: readonly string[]
  readonly rows: (tables: Tables, page: { after: number; limit: number }) => Promise<Row[]>
}

export function createFailuresService(options: FailuresOptions): FailuresService {
  const { platform, project: readProject, store } = options
  const kept: FailuresStore = createFailuresStore(platform.database)
  const maskings = createMaskings({
    database: platform.database,
    clock: platform.clock,
    project: readProject,
    secret: platform.config.maskingKey,
  })
  return {
    ofVersion: async (name, named, asked) => {
      const config = requireDataset(await readProject(), name)
      const version = await options.version(name, named)
      const checks = checksOf(config).filter((check) => isAsked(asked.check, check))
      const local = await localParts(version.parts, platform)
      const compare = compareVersions({ dataset: name, config, platform, version: options.version })
      const { references, paths } = await compare(version.parent)
      const tables = await openArrivalTables(platform, [...local.map(({ path }) => path), ...paths])
      try {
        await tables.run(`CREATE TEMP VIEW arrival AS SELECT * FROM ${relationOf(version.columns, local)}`)
        await tables.run('CREATE TEMP VIEW all_rows AS SELECT * FROM arrival')
        const { columns } = version
        const now = platform.clock.now()
        const sources: Source[] = []
        for (const prepared of await prepareChecks(tables, { checks, columns, now, references })) {
          const query = await failureQuery(tables, prepared, { columns, key: config.key }).catch(
            () => undefined,
          )
          if (query === undefined) continue
          sources.push({
            kind: prepared.check.kind,
            expected: describeCheck(prepared.check),
            columns: query.columns,
            rows: (source, page) => source.rows(paged(query.sql, page)),
          })
        }
        const files = version.parts.map(({ path, rows }) => ({ name: path, rows }))
        const page = await readPage(tables, { sources, files, asked })
        return masked(name, { ...page, cut: [] }, columns)
      } finally {
        tables.close()
      }
    },
    ofRejection: async (name, id, asked) => {
      const rejections = await store.rejections(name, id === 'latest' ? 1 : 1000)
      const rejection = id === 'latest' ? rejections[0] : rejections.find((one) => one.id === id)
      const failures = rejection === undefined ? undefined : await kept.of(rejection.id)
      if (failures === undefined) {
        return fail(
          'not_found',
          `No rows are kept of ${id === 'latest' ? 'a rejection' : `the rejection ${id}`} of "${name}".`,
          {
            hint: 'Rows are kept where a check of rows was not met, for rejections since this is kept at all.',
          },
        )
      }
      const path = await platform.blobs.localPath(failures.digest)
      const tables = await openArrivalTables(platform, [path])
      try {
        const sources = failures.checks.flatMap((check, index): Source[] => {
          if (!includesWords(asked.check, [check.kind, ...check.columns, check.expected])) return []
          const sql = `SELECT "row#", cells FROM read_parquet(${quoteText(path)}) WHERE "check#" = ${index}`
          return [{ ...check, rows: (source, page) => source.rows(paged(sql, page)) }]
        })
        const page = await readPage(tables, { sources, files: failures.files, asked })
        const cut = failures.checks
          .filter((check) => check.kept < check.rows)
          .map(({ expected, rows, kept: count }) => ({ expected, rows, kept: count }))
        return masked(name, { ...page, cut }, [])
      } finally {
        tables.close()
      }
    },
  }

  async function masked(
    name: string,
    page: FailuresPage,
    columns: Parameters<typeof maskRows>[1]['columns'],
  ): Promise<FailuresPage> {
    const rows = page.items.map(({ values }) => values)
    const shown = maskRows(await maskings.of(name), { columns, rows })
    const left = new Set(shown.rows.flatMap((row) => Object.keys(row)))
    return {
      ...page,
      columns: page.columns.filter((column) => shown.rows.length === 0 || left.has(column)),
      items: page.items.map((item, index) => ({ ...item, values: shown.rows[index] ?? {} })),
    }
  }
}

function paged(sql: string, { after, limit }: { after: number; limit: number }): string {
  return `SELECT "row#", cells FROM (${sql}) WHERE "row#" > ${after} ORDER BY "row#" LIMIT ${limit}`
}

/** Rows of one check after the other, each in the order of the files; the place is the check and the row. */
async function readPage(
  tables: Tables,
  {
    sources,
    files,
    asked,
  }: { readonly sources: readonly Source[]; readonly files: readonly FilePlace[]; readonly asked: Asked },
): Promise<Pick<FailuresPage, 'columns' | 'items' | 'next'>> {
  const start = placeIn(asked.after)
  const items: FailingRow[] = []
  const columns = [...new Set(sources.flatMap((source) => source.columns))]
  for (let check = start.check; check < sources.length; check++) {
    const source = sources[check] as Source
    const limit = asked.limit - items.length
    const rows = await source.rows(tables, { after: check === start.check ? start.row : 0, limit })
    for (const row of rows) {
      items.push({
        expected: source.expected,
        // What a query gives has no place in a file.
        ...(source.kind === 'sql' ? {} : placeOf(Number(row['row#']), files)),
        values: JSON.parse(row['cells'] as string) as FailingRow['values'],
      })
    }
    const last = rows.at(-1)
    if (items.length >= asked.limit && last !== undefined) {
      return { columns, items, next: `${check}:${Number(last['row#'])}` }
    }
  }
  return { columns, items }
}

function placeIn(after: string | undefined): { check: number; row: number } {
  if (after === undefined) return { check: 0, row: 0 }
  const [, check, row] = /^(\d+):(\d+)$/.exec(after) ?? []
  if (check === undefined || row === undefined) {
    return fail('invalid_input', `"${after}" is no place in the rows.`, {
      hint: 'Take the `next` of a page.',
      at: 'after',
    })
  }
  return { check: Number(check), row: Number(row) }
}

function isAsked(words: string | undefined, check: Check): boolean {
  return includesWords(words, [check.kind, ...columnsOf(check), describeCheck(check)])
}

function includesWords(words: string | undefined, texts: readonly string[]): boolean {
  if (words === undefined) return true
  const text = texts.join(' ').toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
