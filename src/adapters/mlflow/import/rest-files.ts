import type { ArtifactPlace, SourceFile } from './source.ts'
import type { JsonObject, TrackingClient } from './tracking-client.ts'

interface Entry {
  readonly path: string
  readonly isFolder: boolean
  readonly sizeBytes: number | undefined
}

interface Tree {
  /** What one folder has, by paths relative to the tree. */
  list(folder: string): Promise<Entry[]>
  open(path: string): Promise<AsyncIterable<Uint8Array>>
}

/** A server whose folders hold each other must not keep us for ever. */
const deepest = 50

/**
 * The files of a run, a logged model or a path that a server keeps. What is behind its proxy comes through that; everything
 * else of a run or a model through the server as well, which reaches what its own credentials reach.
 */
export function restFiles(
  client: TrackingClient,
  place: ArtifactPlace,
): AsyncIterable<SourceFile> | undefined {
  const tree = treeOf(client, place)
  return tree === undefined ? undefined : walk(tree, '', 0)
}

async function* walk(tree: Tree, folder: string, depth: number): AsyncIterable<SourceFile> {
  if (depth > deepest) return
  for (const { path, isFolder, sizeBytes } of await tree.list(folder)) {
    if (isFolder) yield* walk(tree, path, depth + 1)
    else yield { path, sizeBytes, open: () => tree.open(path) }
  }
}

function treeOf(client: TrackingClient, { uri, runId, modelId }: ArtifactPlace): Tree | undefined {
  const proxied = proxiedPath(client, uri)
  if (proxied !== undefined) return proxyTree(client, proxied)
  if (modelId !== undefined) return modelTree(client, modelId)
  return runId === undefined ? undefined : runTree(client, runId)
}

/** The path behind the proxy of this server; undefined for another server's. */
function proxiedPath(client: TrackingClient, uri: string): string | undefined {
  const [, host = '', path = ''] = /^mlflow-artifacts:(?:\/\/([^/]*))?\/*(.*)$/.exec(uri) ?? []
  if (!uri.startsWith('mlflow-artifacts:')) return undefined
  return host === '' || host === new URL(client.url).host ? path.replace(/\/$/, '') : undefined
}

function proxyTree(client: TrackingClient, root: string): Tree {
  const base = '/api/2.0/mlflow-artifacts/artifacts'
  const inside = (path: string): string => [root, path].filter((part) => part !== '').join('/')
  return {
    list: async (folder) => {
      const answer = await client.find(base, { path: inside(folder) })
      return entriesOf(answer).map((entry) => ({
        ...entry,
        // The proxy answers names, not paths.
        path: [folder, entry.path.split('/').at(-1) ?? ''].filter((part) => part !== '').join('/'),
      }))
    },
    open: (path) => client.download(`${base}/${inside(path).split('/').map(encodeURIComponent).join('/')}`),
  }
}

function runTree(client: TrackingClient, runId: string): Tree {
  return {
    list: async (folder) =>
      entriesOf(
        await client.find('/api/2.0/mlflow/artifacts/list', {
          run_id: runId,
          path: folder === '' ? undefined : folder,
        }),
      ),
    open: (path) => client.download('/get-artifact', { run_id: runId, path }),
  }
}

function modelTree(client: TrackingClient, modelId: string): Tree {
  const base = `2.0/mlflow/logged-models/${encodeURIComponent(modelId)}/artifacts`
  return {
    list: async (folder) =>
      entriesOf(
        await client.find(`/api/${base}/directories`, {
          artifact_directory_path: folder === '' ? undefined : folder,
        }),
      ),
    open: (path) => client.download(`/ajax-api/${base}/files`, { artifact_file_path: path }),
  }
}

function entriesOf(answer: JsonObject | undefined): Entry[] {
  const files = answer?.['files']
  if (!Array.isArray(files)) return []
  return files.flatMap((file: unknown) => {
    const { path, is_dir: isFolder, file_size: size } = (file ?? {}) as Record<string, unknown>
    if (typeof path !== 'string' || path === '') return []
    const sizeBytes = Number(size ?? Number.NaN)
    return [{ path, isFolder: isFolder === true, sizeBytes: Number.isNaN(sizeBytes) ? undefined : sizeBytes }]
  })
}
