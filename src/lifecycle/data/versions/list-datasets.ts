import type { DatasetSummary } from './dataset-version.ts'
import type { DataConfig } from '../section.ts'
import type { DataStore } from '../store.ts'

/** The datasets of the project and those that only the store still knows, each with its newest version. */
export async function listDatasets(store: DataStore, datasets: DataConfig): Promise<DatasetSummary[]> {
  const counts = new Map((await store.counts()).map((count) => [count.dataset, count]))
  const names = [...new Set([...Object.keys(datasets), ...counts.keys()])]
  return Promise.all(
    names.map(async (name): Promise<DatasetSummary> => {
      const [latest] = await store.versions(name, { limit: 1 })
      const [rejection] = await store.rejections(name, 1)
      const isNewer = rejection !== undefined && rejection.createdAt >= (latest?.createdAt ?? 0)
      const description = datasets[name]?.description
      return {
        name,
        ...(description === undefined ? {} : { description }),
        declared: datasets[name] !== undefined,
        versions: counts.get(name)?.versions ?? 0,
        rejections: counts.get(name)?.rejections ?? 0,
        latest: latest ?? null,
        lastRejection: isNewer ? rejection : null,
      }
    }),
  )
}
