import { open, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fail } from '#contract/errors'
import { environmentVariable } from '#platform/config'
import { openSourceDatabase } from '#platform/database/index'
import { openFileStore } from './file-store.ts'
import { localPathOf } from './local-files.ts'
import type { TellProblem } from './problem.ts'
import { openRestStore } from './rest-store.ts'
import type { MlflowSource } from './source.ts'
import { openSqlStore } from './sql-store.ts'
import { createTrackingClient, type TrackingCredentials } from './tracking-client.ts'

export interface SourceRequest {
  /** A folder, a file, `sqlite:///path`, `postgresql://…` or `https://…`, without a password. */
  readonly source: string
  readonly credentials: TrackingCredentials
  readonly tell: TellProblem
  readonly signal: AbortSignal
}

/** Opens what the text names, and fails with a sentence when it is nothing that MLflow wrote. */
export async function openMlflowSource(request: SourceRequest): Promise<MlflowSource> {
  const { source, credentials, tell, signal } = request
  if (/^https?:\/\//i.test(source)) {
    return openRestStore(
      createTrackingClient(source, { ...fromEnvironment(), ...given(credentials) }, signal),
    )
  }
  if (/^postgres(?:ql)?(?:\+\w+)?:\/\//.test(source)) return openPostgres(source, credentials)
  if (source.startsWith('sqlite:')) return openSqlite(sqlitePath(source))
  if (/^(?:mysql|mssql|databricks)/.test(source)) {
    return fail('invalid_input', `"${source.split(':')[0]}" databases are not read.`, {
      hint: 'Start `mlflow server` on it, and import from its URL.',
      at: 'source',
    })
  }
  const path = localPathOf(source, process.cwd())
  if (path === undefined) {
    return fail('invalid_input', `"${source}" is no folder, database or server.`, {
      hint: 'Examples: ./mlruns, sqlite:///mlflow.db, postgresql://user@host/mlflow, http://127.0.0.1:5000.',
      at: 'source',
    })
  }
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return fail('not_found', `There is no file or folder ${path}.`, { at: 'source' })
  if (found.isDirectory()) return openFolder(path, tell)
  if (await isSqlite(path)) return openSqlite(path)
  return fail('invalid_input', `${path} is neither an mlruns folder nor an SQLite database.`, {
    at: 'source',
  })
}

/** As MLflow's client names them. */
function fromEnvironment(): TrackingCredentials {
  return given({
    username: environmentVariable('MLFLOW_TRACKING_USERNAME'),
    password: environmentVariable('MLFLOW_TRACKING_PASSWORD'),
    token: environmentVariable('MLFLOW_TRACKING_TOKEN'),
  })
}

function given(credentials: TrackingCredentials): TrackingCredentials {
  return Object.fromEntries(
    Object.entries(credentials).filter(([, value]) => value !== undefined && value !== ''),
  )
}

async function openFolder(path: string, tell: TellProblem): Promise<MlflowSource> {
  // The folder of a project holds what was meant.
  for (const inside of ['mlruns', 'mlflow.db']) {
    const found = await stat(join(path, inside)).catch(() => undefined)
    if (found === undefined) continue
    return fail('invalid_input', `${path} is not an mlruns folder.`, {
      hint: `Did you mean ${join(path, inside)}?`,
      at: 'source',
    })
  }
  return openFileStore(path, tell)
}

async function openSqlite(path: string): Promise<MlflowSource> {
  const database = await openSourceDatabase({ path })
  try {
    return await openSqlStore(database, { description: `sqlite:///${path}`, path })
  } catch (error) {
    await database.close()
    throw error
  }
}

async function openPostgres(source: string, { password }: TrackingCredentials): Promise<MlflowSource> {
  // SQLAlchemy names a driver behind the plus.
  const url = new URL(source.replace(/^postgres(?:ql)?(?:\+\w+)?:/, 'postgresql:'))
  const shown = `${url.protocol}//${url.username}@${url.host}${url.pathname}`
  if (password !== undefined) url.password = encodeURIComponent(password)
  const database = await openSourceDatabase({ url: url.toString() })
  try {
    return await openSqlStore(database, { description: shown, path: '/' })
  } catch (error) {
    await database.close()
    throw error
  }
}

/** `sqlite:////absolute` and `sqlite:///relative`. */
export function sqlitePath(uri: string): string {
  return resolve(uri.replace(/^sqlite:(?:\/\/\/)?/, '').split('?')[0] ?? '')
}

async function isSqlite(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(16), 0, 16, 0)
    return buffer.toString('latin1').startsWith('SQLite format 3')
  } finally {
    await file.close()
  }
}
