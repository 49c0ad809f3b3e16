export { bulkInsert } from './bulk-insert.ts'
export { openDatabase, sequenceColumnType, type Database, type Engine } from './database.ts'
export { isMigrated, migrate, type Migration } from './migrations.ts'
export { acquireStoreLock, type StoreLock } from './store-lock.ts'
