import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { SqliteDialect, type SqliteDatabase } from 'kysely'
import { explainSqlite } from './storage-problem.ts'

/**
 * `node:sqlite` behind Kysely's SQLite dialect.
 *
 * WAL lets readers of other processes look while one process writes; `synchronous = FULL` makes a commit survive power
 * loss, which is what an acknowledged write promises.
 */
export function sqliteDialect(path: string, { readOnly }: { readOnly: boolean }): SqliteDialect {
  return new SqliteDialect({ database: async () => openSqlite(path, readOnly) })
}

function openSqlite(path: string, readOnly: boolean): SqliteDatabase {
  const explained = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw explainSqlite(error, path)
    }
  }
  const database = explained(() => new DatabaseSync(path, { readOnly, timeout: 5000 }))
  explained(() => {
    database.exec('PRAGMA foreign_keys = ON')
    database.exec('PRAGMA case_sensitive_like = ON')
    if (readOnly) return
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    // Every 16 MB instead of 4: points of many runs change many pages again and again, and only the last state is copied.
    database.exec('PRAGMA wal_autocheckpoint = 4000')
  })
  // Preparing costs more than running a small statement, so statements are kept, up to a bound.
  const prepared = new Map<string, ReturnType<SqliteDatabase['prepare']>>()
  return {
    close: () => database.close(),
    prepare: (sql) => {
      // A full disk ends the transaction by itself; an error about that would hide the one about the disk.
      if (sql === 'rollback' && !database.isTransaction) return nothingToDo
      const kept = prepared.get(sql)
      if (kept !== undefined) return kept
      if (prepared.size >= 500) prepared.clear()
      const statement = statementOf(
        explained(() => database.prepare(sql)),
        explained,
      )
      prepared.set(sql, statement)
      return statement
    },
  }
}

const nothingToDo: ReturnType<SqliteDatabase['prepare']> = {
  reader: false,
  all: () => [],
  iterate: () => [][Symbol.iterator](),
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
}

function statementOf(
  statement: StatementSync,
  explained: <T>(work: () => T) => T,
): ReturnType<SqliteDatabase['prepare']> {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => explained(() => statement.all(...(parameters as SQLInputValue[]))),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
    run: (parameters) => explained(() => statement.run(...(parameters as SQLInputValue[]))),
  }
}
