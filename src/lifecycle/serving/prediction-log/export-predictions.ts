import { copyFile, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { fail } from '#contract/errors'
import { quoteText } from '#platform/tables/index'
import { columnarDirectory } from './columnar-index.ts'
import { withColumnar } from './read-columnar.ts'
import { writeColumnar } from './write-columnar.ts'

const formats: Readonly<Record<string, string>> = {
  '.parquet': 'FORMAT parquet, COMPRESSION zstd',
  '.csv': 'FORMAT csv, HEADER',
}

/**
 * Writes records as one Parquet or CSV file, one row an id, with the columns `inputs.<name>` and `outputs.<name>`. The pages
 * go over a file of lines, so that memory stays small. Answers how many rows there are.
 */
export async function exportPredictions(
  pages: AsyncIterable<readonly object[]>,
  file: string,
): Promise<number> {
  const format =
    formats[extname(file).toLowerCase()] ??
    fail('invalid_input', `"${file}" ends neither in .parquet nor in .csv.`, { at: 'FILE' })
  const directory = await mkdtemp(join(tmpdir(), 'devmlops-export-'))
  try {
    const path = join(directory, 'predictions.ndjson')
    await writeLines(pages, path)
    const { size } = await stat(path)
    const target = join(columnarDirectory(directory), `export${extname(file)}`)
    const rows = await withColumnar(directory, async (tables) => {
      const made = await writeColumnar(tables, {
        directory,
        segments: [{ sequence: 1, path, sizeBytes: size }],
        signatureOf: () => Promise.resolve(undefined),
        earlier: [],
      })
      if (made === undefined) return 0
      await tables.run(
        `COPY (SELECT * EXCLUDE (segment, byte_end)
            FROM read_parquet(${quoteText(join(columnarDirectory(directory), made.path))}, hive_partitioning = false))
          TO ${quoteText(target)} (${format})`,
      )
      return made.rows
    })
    if (rows > 0) await copyFile(target, resolve(file))
    return rows
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function writeLines(pages: AsyncIterable<readonly object[]>, path: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    for await (const page of pages) {
      await handle.appendFile(page.map((record) => `${JSON.stringify(record)}\n`).join(''))
    }
  } finally {
    await handle.close()
  }
}
