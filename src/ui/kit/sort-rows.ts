export type SortKey = string | number | null | undefined

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Sorts a copy. What has no key (no metric, NaN) comes last in both directions: it is neither best nor worst. */
export function sortRows<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => SortKey,
  direction: 'ascending' | 'descending',
): Row[] {
  const sign = direction === 'ascending' ? 1 : -1
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .sort((left, right) => {
      const [leftAbsent, rightAbsent] = [isAbsent(left.key), isAbsent(right.key)]
      if (leftAbsent || rightAbsent) return Number(leftAbsent) - Number(rightAbsent)
      return sign * compareKeys(left.key, right.key)
    })
    .map(({ row }) => row)
}

function compareKeys(left: SortKey, right: SortKey): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  return names.compare(String(left), String(right))
}

function isAbsent(key: SortKey): boolean {
  return key === null || key === undefined || Number.isNaN(key)
}
