import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fail } from '#contract/errors'
import { openTables } from '#platform/tables/index'

/**
 * Makes an example's data by its `setup.sql`, whose first line names the package and file that the data comes from:
 * `-- source: vega-datasets/data/flights-3m.parquet`. The statements see it as `$source` and write into `$target`.
 */
export async function setUpExampleData(setupPath: string, target: string): Promise<void> {
  const sql = await readFile(setupPath, 'utf8')
  const [, packageName = '', file = ''] =
    /^-- source: ((?:@[\w-]+\/)?[\w-]+)\/(\S+)/.exec(sql) ?? fail('internal', `${setupPath} names no source.`)
  const source = locate(packageName, file)
  const staging = join(target, '.months')
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { recursive: true })
  await mkdir(join(target, 'incoming'), { recursive: true })
  const tables = await openTables({
    allowedDirectories: [staging],
    allowedPaths: [source],
    temporaryDirectory: join(staging, 'tmp'),
  })
  try {
    await tables.run(
      sql
        .replaceAll('$source', `'${source.replaceAll("'", "''")}'`)
        .replaceAll('$target', staging.replaceAll("'", "''")),
    )
  } finally {
    tables.close()
    await rm(join(staging, 'tmp'), { recursive: true, force: true })
  }
  await rm(join(target, 'months'), { recursive: true, force: true })
  await rename(staging, join(target, 'months'))
}

function locate(packageName: string, file: string): string {
  for (const start of [process.cwd(), import.meta.dirname]) {
    for (let directory = start; ; directory = dirname(directory)) {
      const path = join(directory, 'node_modules', packageName, file)
      if (existsSync(path)) return path
      if (dirname(directory) === directory) break
    }
  }
  return fail(
    'not_found',
    `The example's data comes from the npm package "${packageName}", which is not installed.`,
    {
      hint: `npm install ${packageName}`,
    },
  )
}
