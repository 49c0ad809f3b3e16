export { bulkInsert, isDuplicate, type BulkColumn } from './bulk-insert.ts'
export { openDatabase, sequenceColumnType, type Database, type Engine } from './database.ts'
export { isMigrated, migrate, type Migration } from './migrations.ts'
export { textsOf, type ScannedColumns } from './text-scan.ts'
export { openSourceDatabase, type SourceDatabase, type SourceRow } from './source-database.ts'
export { acquireStoreLock, type StoreLock } from './store-lock.ts'
export type { ReadFunction, ReadPlace } from './reader.ts'
export {
  openQuery,
  type QueryColumn,
  type QueryLocation,
  type QueryRequest,
  type QueryRows,
} from './source-query.ts'
