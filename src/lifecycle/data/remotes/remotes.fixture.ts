import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '#platform/blobs/index'
import { addFolder } from '../folders/add-folder.ts'
import { openWorkshop, type Workshop } from '../service.fixture.ts'
import { createDataStore, type DataStore } from '../store.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { manifestDigest } from '../versions/manifest-digest.ts'
import { findDamage, type FoundDamage } from './find-damage.ts'
import type { RemoteTools, TransferOptions } from './remote-tools.ts'
import { createVersionRows } from './version-rows.ts'

export interface Shop extends Workshop {
  readonly store: DataStore
  readonly tools: RemoteTools
  /** Makes a version of the folder `images` as these files are all that is in it. */
  addImages(files: Readonly<Record<string, string>>, who?: string): Promise<DatasetVersion>
  /** Makes a version of the table `orders` with these parts. */
  addOrders(parts: readonly string[], who?: string): Promise<DatasetVersion>
  damages(): Promise<FoundDamage[]>
  blobPath(digest: Digest): string
  /** Every file of a version as text. */
  contents(version: DatasetVersion): Promise<Record<string, string>>
}

export const quietly: TransferOptions = {
  signal: new AbortController().signal,
  report: () => undefined,
  actor: 'ada',
  renumber: false,
}

/** A project with a store of its own, as one of several people has it. */
export async function openShop(options: Parameters<typeof openWorkshop>[1] = {}): Promise<Shop> {
  const workshop = await openWorkshop('unused:\n  source: { files: "none/*.csv" }', options)
  const { platform, directory, home, write } = workshop
  const store = createDataStore(platform.database)
  const rows = createVersionRows(platform.database)
  const version: RemoteTools['version'] = (place) => store.version(place.dataset, place.version)
  const tools: RemoteTools = { platform, rows, version }

  const versionOf = async (dataset: string, number: number): Promise<DatasetVersion> => {
    const found = await store.version(dataset, number)
    if (found === undefined) throw new Error(`${dataset}@${number} was not made`)
    return found
  }

  return {
    ...workshop,
    store,
    tools,
    addImages: async (files, who = 'ada') => {
      await rm(join(directory, 'images'), { recursive: true, force: true })
      for (const [path, text] of Object.entries(files)) await write(`images/${path}`, text)
      const source = { folder: 'images', exclude: [], links: 'refuse' as const }
      const request = { dataset: 'images', source, project: { directory, sections: { data: {} } } }
      const added = await addFolder({ ...request, caller: { name: who } }, { platform, store })
      return versionOf('images', added.version?.version ?? 0)
    },
    addOrders: async (texts, who = 'ada') => {
      const files = await Promise.all(
        texts.map(async (text, index) => ({
          name: `orders-${index}.csv`,
          path: await write(`orders-${index}.csv`, text),
        })),
      )
      const parts: DatasetVersion['parts'][number][] = []
      let index = 0
      for await (const { digest, sizeBytes } of platform.files.store(files)) {
        const how = { delimiter: ',', nulls: [], strict: true, compressed: false, columns: ['id'] }
        const reading = { format: 'csv' as const, ...how }
        parts.push({ path: `orders-${index++}.csv`, digest, sizeBytes, rows: 1, reading })
      }
      const columns = [{ name: 'id', type: 'integer', sqlType: 'BIGINT' }] as const
      const parent = await store.version('orders', 'latest')
      const profile = await platform.blobs.put(new TextEncoder().encode(`profile of ${texts.join()}`))
      const added = await store.addVersion({
        dataset: 'orders',
        digest: manifestDigest({ columns, parts }),
        rows: parts.length,
        sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
        parent: parent?.version ?? null,
        columns: [...columns],
        parts,
        source: { kind: 'files', paths: parts.map(({ path }) => path) },
        validation: { outcome: 'pass', rows: parts.length, checks: [], warnings: ['a warning'] },
        profileDigest: profile.digest,
        code: { commit: 'c0ffee', dirty: false },
        createdAt: platform.clock.now(),
        createdBy: who,
      })
      return versionOf('orders', added.version)
    },
    damages: async () => {
      const versions: DatasetVersion[] = []
      for (const dataset of await rows.datasets()) {
        for (const identity of await rows.identities(dataset)) {
          versions.push(await versionOf(dataset, identity.version))
        }
      }
      const { damages } = await findDamage(versions, tools, { ...quietly, report: () => undefined })
      return damages
    },
    blobPath: (digest) => {
      const hex = digest.slice('sha256:'.length)
      return join(home, 'blobs', 'sha256', hex.slice(0, 2), hex.slice(2))
    },
    contents: async (found) => {
      const { filesOfVersion } = await import('./version-contents.ts')
      const texts: Record<string, string> = {}
      for await (const { path, digest } of filesOfVersion(found, platform.blobs)) {
        let text = ''
        for await (const chunk of await platform.files.stream(digest)) text += Buffer.from(chunk).toString()
        texts[path] = text
      }
      return texts
    },
  }
}

/** Turns one bit of a file around, in the middle. */
export async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await chmod(path, 0o644)
  await writeFile(path, bytes)
}
