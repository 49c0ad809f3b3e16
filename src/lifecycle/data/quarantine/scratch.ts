import { rm } from 'node:fs/promises'
import { spoolPath } from '../sources/spool.ts'

/** Files that are written on the way to a version and are in nobody's way afterwards. */
export interface Scratch extends AsyncDisposable {
  path(): Promise<string>
}

/** @param directory where DuckDB may write. */
export function createScratch(directory: string): Scratch {
  const paths: string[] = []
  return {
    path: async () => {
      const path = await spoolPath(directory, '.parquet')
      paths.push(path)
      return path
    },
    [Symbol.asyncDispose]: async () => {
      for (const path of paths) await rm(path, { force: true })
    },
  }
}
