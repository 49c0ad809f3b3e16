export type { Command, CommandContext } from './command.ts'
export type { Style } from './style.ts'
export { createTerminal, type Terminal } from './terminal.ts'
export { type TableColumn } from './table.ts'
