import { mkdir, rename, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { openTables, quoteText } from '#platform/tables/index'
import type { DatasetPoint } from '../../pipelines/index.ts'
import type { ViewsConfig } from '../views/feature-view.ts'
import { joinedViews, viewsNamed, type JoinFields } from './join-request.ts'
import { joinedRows, joinPointInTime, type JoinReport } from './point-in-time.ts'
import { isEntityView, requireView } from '../views/feature-view.ts'

export interface JoinCall extends JoinFields {
  /** `data.NAME`, `data.NAME@VERSION`, or a file. */
  readonly rows: string
  /** The Parquet file to write. */
  readonly output: string
}

export interface JoinResult extends JoinReport {
  readonly path: string
  readonly durationMs: number
}

interface Surroundings {
  readonly platform: Platform
  readonly project: { readonly directory: string; readonly sections: { readonly features: ViewsConfig } }
  readonly datasets: DatasetPoint
  readonly caller: Caller
}

/** A point-in-time join outside of a pipeline: the result is a file, written aside and then named. */
export async function joinFile(call: JoinCall, around: Surroundings): Promise<JoinResult> {
  const startedMs = performance.now()
  const { platform, project, datasets } = around
  const views = project.sections.features
  const path = insideProject(call.output, around)
  const rows = await openRows(call.rows, around)
  const sources = new Map<string, { relation: string; allowedPaths: readonly string[] }>()
  for (const name of viewsNamed(call.features)) {
    const view = requireView(views, name)
    if (isEntityView(view) && !sources.has(view.source)) {
      sources.set(view.source, await datasets.openDataset(view.source))
    }
  }
  const joined = joinedViews(call, {
    views,
    relationOf: (source) => sources.get(source)?.relation ?? fail('internal', `${source} is not open.`),
  })
  const work = join(platform.config.home, 'spool', `join-${randomUUID()}`)
  await mkdir(work, { recursive: true })
  await mkdir(dirname(path), { recursive: true })
  const tables = await openTables({
    allowedDirectories: [work],
    allowedPaths: [
      ...rows.allowedPaths,
      ...[...sources.values()].flatMap(({ allowedPaths }) => allowedPaths),
    ],
    temporaryDirectory: join(work, 'tmp'),
  })
  try {
    const { time, boundary } = call
    const report = await joinPointInTime(tables, {
      rows: rows.relation,
      label: call.rows,
      time,
      boundary,
      views: joined,
    })
    const aside = join(work, 'joined.parquet')
    await tables.run(
      `COPY (${joinedRows}) TO ${quoteText(aside)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    )
    await moveFile(aside, path)
    return { ...report, path: relative(project.directory, path), durationMs: performance.now() - startedMs }
  } finally {
    tables.close()
    await rm(work, { recursive: true, force: true })
  }
}

/** The home folder may be on another disk. */
async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    const { copyFile } = await import('node:fs/promises')
    const aside = `${to}.${randomUUID()}`
    await copyFile(from, aside)
    await rename(aside, to)
  }
}

async function openRows(
  reference: string,
  around: Surroundings,
): Promise<{ relation: string; allowedPaths: readonly string[] }> {
  if (reference.startsWith('data.')) return around.datasets.openDataset(reference.slice('data.'.length))
  const path = insideProject(reference, around)
  if (!existsSync(path)) {
    fail('not_found', `There is no file ${reference}.`, {
      hint: 'A dataset is written data.NAME; a file is relative to the project.',
      at: reference,
    })
  }
  const reader = /\.parquet$/i.test(path)
    ? 'read_parquet'
    : /\.[ct]sv(\.gz)?$/i.test(path)
      ? 'read_csv'
      : undefined
  if (reader === undefined)
    fail('invalid_input', `${reference} is neither Parquet nor CSV.`, { at: reference })
  return { relation: `${reader}(${quoteText(path)})`, allowedPaths: [path] }
}

/** A path outside of the project is the word of a person at this machine, not of any caller. */
function insideProject(path: string, { project, caller }: Surroundings): string {
  const absolute = resolve(project.directory, path)
  const way = relative(project.directory, absolute)
  if ((way.startsWith('..') || isAbsolute(way)) && !caller.permissions.has('admin')) {
    fail(
      'permission_denied',
      `${path} lies outside of the project, and ${caller.name} is no administrator.`,
      { at: path },
    )
  }
  return absolute
}
