import { isAbsolute, join } from 'node:path'
import { existsSync } from 'node:fs'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { Platform } from '#platform/platform'
import { requireRow, type Tables } from '#platform/tables/index'
import type { DataProject } from '../data-project.ts'
import { createMaskings } from '../personal/maskings.ts'
import { ruleOf } from '../personal/masking.ts'
import { parseReference } from '../reference.ts'
import { requireAllowed } from '../require-allowed.ts'
import { openArrivalTables } from '../rows/arrival-tables.ts'
import type { Column } from '../rows/column-type.ts'
import { loadArrival } from '../rows/load-arrival.ts'
import { dataSection } from '../section.ts'
import type { DataService } from '../service.ts'
import { collect } from '../sources/collector.ts'
import type { DataStore } from '../store.ts'
import { categoryLeaks } from './category-leaks.ts'
import { labelLeaks } from './label-leaks.ts'
import type { LeakContext, LeakTable } from './leak-context.ts'
import type { Leak, LeakageReport } from './leakage-report.ts'
import { rowLeaks } from './row-leaks.ts'
import { timeLeaks } from './time-leaks.ts'

export interface LeakageRequest {
  readonly train: string
  readonly test?: string | undefined
  readonly label: string
  readonly time?: string | undefined
  readonly key?: readonly string[] | undefined
  readonly ignore?: readonly string[] | undefined
}

export interface Leakage {
  find(request: LeakageRequest, caller: Caller): Promise<LeakageReport>
}

interface LeakageOptions {
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  readonly service: DataService
  readonly store: DataStore
}

/** A table before it is read. */
interface Opened {
  readonly name: string
  readonly paths: readonly string[]
  /** Makes it readable under a name, and gives its columns. */
  read(tables: Tables, view: string): Promise<readonly Column[]>
  release(): Promise<void>
}

export function createLeakage({ platform, project: readProject, service, store }: LeakageOptions): Leakage {
  const maskings = createMaskings({
    database: platform.database,
    clock: platform.clock,
    project: readProject,
    secret: platform.config.maskingKey,
  })

  const openVersion = async (reference: string): Promise<Opened> => {
    const { name, version, columns, relation, allowedPaths } = await service.open(reference)
    return {
      name: `${name}@${version}`,
      paths: allowedPaths,
      read: async (tables, view) => {
        // The rows are read a dozen times; text would be parsed each time.
        await tables.run(`CREATE TEMP TABLE ${view} AS SELECT * FROM ${relation}`)
        return columns
      },
      release: () => Promise.resolve(),
    }
  }

  const openFile = async (path: string, caller: Caller): Promise<Opened> => {
    const project = await readProject()
    requireAllowed([path], project, caller)
    const { file: config } = dataSection.schema.parse({ file: { source: { files: path }, nulls: ['NA'] } })
    if (config === undefined) return fail('internal', 'A dataset of one file could not be described.')
    const collected = await collect('file', { project, config, paths: [path] }, { platform, store })
    return {
      name: path,
      paths: collected.files.map((file) => file.path),
      read: async (tables, view) => {
        const loaded = await loadArrival(tables, collected.files, {
          nulls: config.nulls,
          expected: new Map(),
        })
        await tables.run(`CREATE TEMP TABLE ${view} AS SELECT * FROM arrival`)
        return loaded.columns
      },
      release: () => collected.release(),
    }
  }

  const open = async (name: string, caller: Caller): Promise<Opened> => {
    const { directory } = await readProject()
    const isFile = isAbsolute(name) || existsSync(join(directory, name))
    if (isFile) return openFile(name, caller)
    if (/[./\\]/.test(name.replace(/^data\./, '')) && !name.includes('@')) {
      fail('not_found', `There is no file ${name}.`, {
        hint: 'A dataset is named without a dot or slash.',
        at: name,
      })
    }
    return openVersion(name)
  }

  const maskedColumns = async (names: readonly string[]): Promise<LeakContext['isMasked']> => {
    const known = await Promise.all(
      names
        .filter((name) => !isAbsolute(name))
        .map(async (name) => {
          try {
            return await maskings.of(parseReference(name).name)
          } catch {
            return undefined
          }
        }),
    )
    return (column) => known.some((masking) => masking !== undefined && ruleOf(masking, column) !== undefined)
  }

  return {
    find: async ({ train, test, label, time, key = [], ignore = [] }, caller) => {
      const opened: Opened[] = []
      try {
        opened.push(await open(train, caller))
        if (test !== undefined) opened.push(await open(test, caller))
        const tables = await openArrivalTables(
          platform,
          opened.flatMap(({ paths }) => paths),
        )
        try {
          const [trainTable, testTable] = [
            await readTable(tables, opened[0] as Opened, 'train_rows'),
            opened[1] === undefined ? undefined : await readTable(tables, opened[1], 'test_rows'),
          ]
          for (const name of [label, ...(time === undefined ? [] : [time]), ...key])
            requireColumn(name, trainTable)
          requireCommon(trainTable, testTable)
          const isFeature = ({ name, type }: Column): boolean =>
            name !== label &&
            !key.includes(name) &&
            !ignore.includes(name) &&
            type !== 'other' &&
            type !== 'unknown'
          return await findLeaks({
            tables,
            train: trainTable,
            test: testTable,
            label: requireColumn(label, trainTable),
            features: trainTable.columns.filter(isFeature),
            time,
            key,
            isMasked: await maskedColumns([train, ...(test === undefined ? [] : [test])]),
          })
        } finally {
          tables.close()
        }
      } finally {
        for (const one of opened) await one.release()
      }
    },
  }
}

async function findLeaks(context: LeakContext): Promise<LeakageReport> {
  const { leaks: ofLabel, powers } = await labelLeaks(context)
  const leaks: Leak[] = [
    ...ofLabel,
    ...(await rowLeaks(context)),
    ...(await timeLeaks(context)),
    ...(await categoryLeaks(context, powers)),
  ]
  const { train, test, label } = context
  return {
    train: { name: train.name, rows: train.rows },
    test: test === undefined ? null : { name: test.name, rows: test.rows },
    label: label.name,
    leaks: [
      ...leaks.filter(({ severity }) => severity === 'error'),
      ...leaks.filter(({ severity }) => severity === 'warning'),
    ],
  }
}

async function readTable(tables: Tables, opened: Opened, view: string): Promise<LeakTable> {
  const columns = await opened.read(tables, view)
  const { n } = requireRow(await tables.rows(`SELECT count(*) AS n FROM ${view}`))
  return { name: opened.name, relation: view, rows: Number(n), columns }
}

function requireColumn(name: string, { columns, name: table }: LeakTable): Column {
  const found = columns.find((column) => column.name === name)
  if (found !== undefined) return found
  const near = nearestName(
    name,
    columns.map((column) => column.name),
  )
  return fail('invalid_input', `${table} has no column "${name}".`, {
    ...(near === undefined ? {} : { hint: `Did you mean "${near}"?` }),
    at: name,
  })
}

function requireCommon(train: LeakTable, test: LeakTable | undefined): void {
  if (test === undefined) return
  const names = new Set(train.columns.map(({ name }) => name))
  if (test.columns.some(({ name }) => names.has(name))) return
  fail('invalid_input', `${train.name} and ${test.name} have no column in common.`, {
    hint: 'Check that both are tables of the same kind.',
  })
}
