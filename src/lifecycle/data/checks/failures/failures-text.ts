import type { FailingRow, FailuresPage } from './failing-row.ts'

/** Rows as CSV (RFC 4180): the check, where the row is, and its cells. */
export function csvLines({ columns, items }: FailuresPage, withHeader: boolean): string[] {
  const lines = items.map(({ expected, file, row, values }) =>
    [expected, file ?? '', row ?? '', ...columns.map((column) => values[column] ?? '')].map(field).join(','),
  )
  return withHeader ? [['check', 'file', 'row', ...columns].map(field).join(','), ...lines] : lines
}

function field(value: string | number | boolean): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** The rows of each check together, with the columns that they have. */
export function tablesOf({
  items,
}: FailuresPage): { expected: string; columns: string[]; items: FailingRow[] }[] {
  const tables = new Map<string, FailingRow[]>()
  for (const item of items) {
    const rows = tables.get(item.expected)
    if (rows === undefined) tables.set(item.expected, [item])
    else rows.push(item)
  }
  return [...tables].map(([expected, rows]) => ({
    expected,
    columns: [...new Set(rows.flatMap(({ values }) => Object.keys(values)))],
    items: rows,
  }))
}
