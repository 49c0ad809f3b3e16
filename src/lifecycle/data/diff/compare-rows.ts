import type { Platform } from '#platform/platform'
import { maskRow } from '../personal/mask-cell.ts'
import { ruleOf, type Masking } from '../personal/masking.ts'
import { localParts, openArrivalTables } from '../rows/arrival-tables.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { RowDiff, ShownRowChange } from './row-changes.ts'
import { diffRows } from './row-diff.ts'
import { pageOfRows, type RowChangeKind } from './row-page.ts'
import { sidesOf } from './row-sides.ts'

export interface CompareRows {
  readonly from: DatasetVersion
  readonly to: DatasetVersion
  readonly key: readonly string[]
  /** Of both datasets. */
  readonly masking: Masking
  readonly page?:
    | { readonly kind: RowChangeKind | undefined; readonly limit: number; readonly offset: number }
    | undefined
}

/** The rows of two versions, compared; with some of those that differ, as they may be shown. */
export async function compareRows(
  { from, to, key, masking, page }: CompareRows,
  platform: Platform,
): Promise<{ counts: RowDiff; items: ShownRowChange[] }> {
  const local = { from: await localParts(from.parts, platform), to: await localParts(to.parts, platform) }
  const tables = await openArrivalTables(
    platform,
    [...local.from, ...local.to].map(({ path }) => path),
  )
  try {
    const { shared, ...sides } = await sidesOf(tables, { from, to, key }, local)
    const request = { ...sides, key }
    const counts = await diffRows(tables, request)
    const found = page === undefined ? [] : await pageOfRows(tables, request, page)
    const types = new Map([...from.columns, ...to.columns].map(({ name, type }) => [name, type]))
    const shown = (row: ShownRowChange['before']): ShownRowChange['before'] =>
      row === null ? null : maskRow(masking, row, types)
    return {
      counts: {
        key: [...key],
        ...counts,
        cells: [...counts.cells],
        unchanged: counts.unchanged + shared,
        notRead: shared,
        masked: Object.fromEntries(
          [...types.keys()].flatMap((name) => {
            const rule = ruleOf(masking, name)
            return rule === undefined ? [] : [[name, rule.action]]
          }),
        ),
      },
      items: found.map((change) => ({
        ...change,
        changed: change.changed.filter((name) => ruleOf(masking, name)?.action !== 'drop'),
        before: shown(change.before),
        after: shown(change.after),
      })),
    }
  } finally {
    tables.close()
  }
}
