import type { TableColumn } from './table.ts'
import type { Terminal } from './terminal.ts'

/** A table under a title; nothing at all when it would be empty. */
export function printSection<Item>(
  terminal: Terminal,
  title: string,
  { items, columns }: { readonly items: readonly Item[]; readonly columns: readonly TableColumn<Item>[] },
): void {
  if (items.length === 0) return
  terminal.print(`\n${terminal.style(title, 'bold')}`)
  terminal.table(items, columns)
}
