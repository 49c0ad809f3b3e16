import { join } from 'node:path'
import type { Platform } from '#platform/platform'
import { openTables, type Tables } from '#platform/tables/index'
import type { LocalPart } from './relation.ts'
import type { Part } from '../versions/snapshot.ts'

/** DuckDB that can read these files and nothing else. */
export function openArrivalTables({ config }: Platform, allowedPaths: readonly string[]): Promise<Tables> {
  return openTables({
    allowedDirectories: [],
    allowedPaths: [...new Set(allowedPaths)],
    temporaryDirectory: tablesDirectory({ config }),
  })
}

/** Where DuckDB may write: what does not fit into memory, and tables on their way into the store. */
export function tablesDirectory({ config }: Pick<Platform, 'config'>): string {
  return join(config.home, 'tmp', 'tables')
}

/** Stored parts with the local files that hold their bytes. */
export async function localParts(
  parts: readonly Part[],
  { files }: Pick<Platform, 'files'>,
): Promise<(LocalPart & { readonly part: Part })[]> {
  const local: (LocalPart & { part: Part })[] = []
  for (const part of parts) local.push({ part, path: await files.localPath(part.digest) })
  return local
}
