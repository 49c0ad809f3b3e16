import { lstat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as z from 'zod'
import { fail, messageOf } from '#contract/errors'
import type { BlobStore, Digest } from '#platform/blobs/index'
import { openTables, quoteText, requireRow } from '#platform/tables/index'
import type { StepOutput } from './contract.ts'
import { canonicalJson } from './cache-key.ts'
import { filesIn } from './source-digest.ts'
import type { OutputDeclaration, StepProduct } from './step-kind-point.ts'

/** A folder is stored as its files and this list; the digest of the list is the digest of the folder. */
const directorySchema = z.object({
  files: z.array(z.object({ path: z.string(), digest: z.string(), sizeBytes: z.number() })),
})
export type DirectoryListing = z.infer<typeof directorySchema>

/** Stores everything a step has made. A step that made less than it declared has failed. */
export async function storeProducts(
  products: Readonly<Record<string, StepProduct>>,
  declared: readonly OutputDeclaration[],
  { blobs, workDirectory }: { readonly blobs: BlobStore; readonly workDirectory: string },
): Promise<StepOutput[]> {
  const stored: StepOutput[] = []
  for (const { name } of declared) {
    const product = products[name]
    if (product === undefined) fail('step_failed', `The step did not make its output "${name}".`)
    stored.push(await storeProduct(name, product, { blobs, workDirectory }))
  }
  return stored
}

async function storeProduct(
  name: string,
  product: StepProduct,
  { blobs, workDirectory }: { readonly blobs: BlobStore; readonly workDirectory: string },
): Promise<StepOutput> {
  if (product.kind === 'json') {
    const blob = await blobs.put(new TextEncoder().encode(canonicalJson(product.value)))
    return { name, kind: 'json', ...blob }
  }
  const found = await lstat(product.path).catch(() => undefined)
  if (found === undefined) {
    return fail('step_failed', `The step did not write its output "${name}".`, {
      hint: `It was expected at ${product.path}; a command finds the path in its environment.`,
    })
  }
  if (product.kind === 'directory') return storeDirectory(name, product.path, blobs)
  if (!found.isFile()) fail('step_failed', `The output "${name}" is not a file.`)
  if (product.kind === 'table') {
    const rows = product.rows ?? (await countRows(name, product.path, workDirectory))
    return {
      name,
      kind: 'table',
      ...(await blobs.putFile(product.path)),
      rows,
      fileName: basename(product.path),
    }
  }
  return { name, kind: 'file', ...(await blobs.putFile(product.path)), fileName: basename(product.path) }
}

async function storeDirectory(name: string, path: string, blobs: BlobStore): Promise<StepOutput> {
  const files: DirectoryListing['files'] = []
  for (const file of await filesIn(path)) {
    const { digest, sizeBytes } = await blobs.putFile(join(path, file))
    files.push({ path: file, digest, sizeBytes })
  }
  if (files.length === 0) fail('step_failed', `The folder of the output "${name}" is empty.`)
  const { digest } = await blobs.put(new TextEncoder().encode(canonicalJson({ files })))
  return { name, kind: 'directory', digest, sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) }
}

/** Reading the footer also finds a file that was cut off. */
async function countRows(name: string, path: string, workDirectory: string): Promise<number> {
  const tables = await openTables({
    allowedDirectories: [workDirectory],
    temporaryDirectory: join(workDirectory, 'tmp'),
  })
  try {
    const sql = `SELECT count(*) AS rows FROM read_parquet(${quoteText(path)})`
    return Number(requireRow(await tables.rows(sql))['rows'])
  } catch (error) {
    return fail('unreadable_data', `The output "${name}" is not a whole Parquet file: ${messageOf(error)}`, {
      cause: error,
    })
  } finally {
    tables.close()
  }
}

export async function areStored(blobs: BlobStore, outputs: readonly StepOutput[]): Promise<boolean> {
  for (const output of outputs) {
    if ((await blobs.head(output.digest as Digest)) === undefined) return false
    if (output.kind !== 'directory') continue
    for (const file of (await readDirectory(blobs, output.digest)).files) {
      if ((await blobs.head(file.digest as Digest)) === undefined) return false
    }
  }
  return true
}

export async function readDirectory(blobs: BlobStore, digest: string): Promise<DirectoryListing> {
  const text = new TextDecoder().decode(await blobs.get(digest as Digest))
  return directorySchema.parse(JSON.parse(text))
}
