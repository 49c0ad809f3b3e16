import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { quoteText } from '#platform/tables/index'
import {
  columnarDirectory,
  publishFile,
  readIndex,
  removeUnnamed,
  writeIndex,
  type ColumnarFile,
} from './columnar-index.ts'
import { withColumnar } from './read-columnar.ts'
import { filePath } from './write-columnar.ts'

/** Files below this are merged, up to it. */
const wantedBytes = 128 * 1024 * 1024
const fewestFiles = 4

/**
 * Makes one file of small ones of the same day that follow each other and have the same columns. As with compaction, the
 * index decides which of them count. Answers how many files were merged.
 */
export async function mergeColumnar(directory: string, signal?: AbortSignal): Promise<number> {
  let index = await readIndex(directory)
  let merged = 0
  for (const group of groupsOf(index.files)) {
    signal?.throwIfAborted()
    const file = await mergedFile(directory, group)
    const names = new Set(group.map(({ path }) => path))
    const first = index.files.findIndex(({ path }) => names.has(path))
    const others = index.files.filter(({ path }) => !names.has(path))
    index = { ...index, files: others.toSpliced(first, 0, file) }
    await writeIndex(directory, index)
    for (const path of names) await rm(join(columnarDirectory(directory), path), { force: true })
    merged += group.length
  }
  if (merged > 0) await removeUnnamed(directory, index)
  return merged
}

function groupsOf(files: readonly ColumnarFile[]): ColumnarFile[][] {
  const groups: ColumnarFile[][] = []
  let bytes = 0
  for (const file of files) {
    const before = groups.at(-1)?.at(-1)
    const fits = before !== undefined && sameShape(before, file) && bytes + file.sizeBytes <= wantedBytes
    if (fits) groups.at(-1)?.push(file)
    else {
      groups.push([file])
      bytes = 0
    }
    bytes += file.sizeBytes
  }
  return groups.filter(({ length }) => length >= fewestFiles)
}

function sameShape(left: ColumnarFile, right: ColumnarFile): boolean {
  const dayOf = ({ path }: ColumnarFile): string | undefined => path.split('/')[0]
  return dayOf(left) === dayOf(right) && JSON.stringify(left.columns) === JSON.stringify(right.columns)
}

async function mergedFile(directory: string, group: readonly ColumnarFile[]): Promise<ColumnarFile> {
  const first = group[0] as ColumnarFile
  const last = group.at(-1) as ColumnarFile
  const place = { ...first, lastSegment: last.lastSegment }
  const path = filePath(place)
  const target = join(columnarDirectory(directory), path)
  const sources = group.map((file) => quoteText(join(columnarDirectory(directory), file.path))).join(', ')
  await withColumnar(directory, (tables) =>
    tables.run(
      `COPY (SELECT * FROM read_parquet([${sources}], hive_partitioning = false) ORDER BY segment, byte_end)
        TO ${quoteText(`${target}.part`)} (FORMAT parquet, COMPRESSION zstd)`,
    ),
  )
  await publishFile(`${target}.part`, target)
  const sum = (of: (file: ColumnarFile) => number): number =>
    group.reduce((total, file) => total + of(file), 0)
  const columnsOf: Record<string, readonly number[]> = {}
  for (const file of group) {
    for (const [version, columns] of Object.entries(file.columnsOf)) {
      columnsOf[version] = [...new Set([...(columnsOf[version] ?? []), ...columns])].sort((a, b) => a - b)
    }
  }
  return {
    ...place,
    path,
    rows: sum(({ rows }) => rows),
    sizeBytes: (await stat(target)).size,
    firstTime: Math.min(...group.map(({ firstTime }) => firstTime)),
    lastTime: Math.max(...group.map(({ lastTime }) => lastTime)),
    repeated: sum(({ repeated }) => repeated),
    unreadable: sum(({ unreadable }) => unreadable),
    columnsOf,
  }
}
