import type { z } from 'zod'
import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import type { VersionName } from '../reference.ts'
import { localParts, openArrivalTables } from '../rows/arrival-tables.ts'
import type { Column } from '../rows/column-type.ts'
import { firstRows, type PlainRow } from '../rows/first-rows.ts'
import { relationOf } from '../rows/relation.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { ClassProposal } from './class-proposal.ts'
import { classifyColumns } from './classify-columns.ts'
import { defaultMasking } from './column-class.ts'
import type { Masking } from './masking.ts'
import type { personalCalls } from './personal-calls.ts'

type Classes = z.input<typeof personalCalls.classify.output>

export interface PersonalService {
  classify(name: string, version: VersionName): Promise<Classes>
  /** What a person should know about the columns of a version that has just been made. */
  notices(version: DatasetVersion): Promise<string[]>
  unmaskedRows(
    name: string,
    version: VersionName,
    limit: number,
  ): Promise<{ columns: Column[]; rows: PlainRow[] }>
}

export interface PersonalServiceOptions {
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  readonly version: (name: string, version: VersionName) => Promise<DatasetVersion>
  readonly masking: (dataset: string) => Promise<Masking>
}

/** Rows that an arrival is looked at by: it must not be felt. */
const arrivalRows = 2_000

export function createPersonalService(options: PersonalServiceOptions): PersonalService {
  const { platform } = options
  const settingsOf = async (dataset: string) => (await options.project()).sections.data[dataset]
  const propose = async (version: DatasetVersion, sampleRows?: number): Promise<ClassProposal[]> => {
    if (version.kind !== 'table') return []
    const declared = Object.keys((await settingsOf(version.dataset))?.columns ?? {}).map((name) =>
      name.toLowerCase(),
    )
    const open = version.columns.filter(({ name }) => !declared.includes(name.toLowerCase()))
    const local = await localParts(version.parts, platform)
    const tables = await openArrivalTables(
      platform,
      local.map(({ path }) => path),
    )
    try {
      const relation = relationOf(version.columns, local)
      return await classifyColumns(tables, { relation, columns: open, rows: version.rows, sampleRows })
    } finally {
      tables.close()
    }
  }
  const hashesWithoutKey = async (dataset: string): Promise<boolean> => {
    const { rules, key } = await options.masking(dataset)
    return key === undefined && [...rules.values()].some(({ action }) => action === 'hash')
  }
  return {
    classify: async (name, version) => {
      const found = await options.version(name, version)
      const settings = await settingsOf(name)
      const present = new Set(found.columns.map((column) => column.name.toLowerCase()))
      return {
        declared: Object.entries(settings?.columns ?? {}).map(([column, { class: given, mask }]) => ({
          column,
          class: given,
          mask: mask ?? settings?.masking[given] ?? defaultMasking[given],
          present: present.has(column.toLowerCase()),
        })),
        proposed: await propose(found),
      }
    },
    notices: async (version) => {
      const proposed = await propose(version, arrivalRows)
      const present = new Set(version.columns.map(({ name }) => name.toLowerCase()))
      const lost = Object.keys((await settingsOf(version.dataset))?.columns ?? {}).filter(
        (name) => version.kind === 'table' && !present.has(name.toLowerCase()),
      )
      return [
        ...proposed.map(
          ({ column, why, class: proposal }) =>
            `${column}: ${why}. Without a class its values are shown: give it \`class: ${proposal}\` under \`columns\`, or \`public\`.`,
        ),
        ...lost.map((name) => `${name} has a class in devmlops.yaml, and there is no such column.`),
        ...((await hashesWithoutKey(version.dataset))
          ? ['Columns with the rule hash are masked instead: DEVMLOPS_MASKING_KEY is not set.']
          : []),
      ]
    },
    unmaskedRows: async (name, version, limit) => {
      const { columns, rows } = await firstRows(await options.version(name, version), limit, platform)
      return { columns: [...columns], rows }
    },
  }
}
