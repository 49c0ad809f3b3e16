export type { Command, CommandContext } from './command.ts'
export { createTerminal, type Style, type Terminal } from './terminal.ts'
export { type TableColumn } from './table.ts'
