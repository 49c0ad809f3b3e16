export type { CategoryColumn, Column, Frame, NumberColumn } from './frame.ts'
export { quoteName, quoteText } from './quote.ts'
export { isTimeType, timeColumn } from './raw-column.ts'
export { openTables, requireRow, type Cell, type Row, type Tables, type TablesOptions } from './tables.ts'
