import { fail } from '#contract/errors'
import type { StoredArtifact, TrackingService } from '#lifecycle/tracking/index'
import { releasing } from '#platform/chunk'
import type { Dispatch } from '#platform/dispatch'
import type { DoorAnswer, DoorRequest } from '#platform/door'
import { downloadAnswer } from './artifact-download.ts'
import { artifactFiles } from './artifact-files.ts'
import { multipartRoutes } from './artifact-parts.ts'
import { decodedPath, dispatched, jsonAnswer, notImplemented, queryField } from './byte-call.ts'

export interface ArtifactDoorDependencies {
  readonly tracking: TrackingService
  /** Where the artifacts of a version of a registered model are. */
  readonly versionUri: (name: string, version: string) => Promise<string>
  readonly dispatch: Dispatch
}

const root = /^\/(?:ajax-)?api\/2\.0\/mlflow-artifacts\/(.*)$/s
const uploadPath = /^\/(?:ajax-)?api\/2\.0\/mlflow\/upload-artifact$/
const modelFile = /^\/(?:ajax-)?api\/2\.0\/mlflow\/logged-models\/([^/]+)\/artifacts\/files$/
const presigned = /^\/(?:ajax-)?api\/2\.0\/mlflow\/artifacts\/presigned-(?:up|down)load-url$/

/**
 * The bytes of artifacts: MLflow's proxy (`mlflow-artifacts:/…`) and the addresses that its page uses. Undefined for
 * every other path.
 */
export function artifactDoor({ tracking, versionUri, dispatch }: ArtifactDoorDependencies) {
  const { artifactRoot, artifactUploads: uploads } = tracking
  const answerParts = multipartRoutes({ uploads, dispatch })

  const download = (request: DoorRequest, find: () => Promise<StoredArtifact>): Promise<DoorAnswer> =>
    dispatched(dispatch, request, {
      name: 'readArtifact',
      permission: 'read',
      answer: async () => downloadAnswer(tracking, await find(), request),
    })

  const answerProxy = async (request: DoorRequest, path: string): Promise<DoorAnswer | undefined> => {
    const { method } = request
    if (path === '' && method === 'GET') {
      return dispatched(dispatch, request, {
        name: 'listArtifacts',
        permission: 'read',
        answer: async () => {
          const entries = await artifactRoot.list(request.query.get('path') ?? '')
          return jsonAnswer({ files: artifactFiles(entries, baseName) })
        },
      })
    }
    if (method === 'GET' || method === 'HEAD') return download(request, () => artifactRoot.find(path))
    if (method === 'PUT') {
      return dispatched(dispatch, request, {
        name: 'logArtifact',
        permission: 'write',
        audit: 'none',
        answer: async () => {
          await artifactRoot.put(path, releasing(request.body))
          return jsonAnswer({})
        },
      })
    }
    if (method !== 'DELETE') return undefined
    return dispatched(dispatch, request, {
      name: 'deleteArtifact',
      permission: 'write',
      input: { path },
      answer: async () => {
        await artifactRoot.remove(path)
        return jsonAnswer({})
      },
    })
  }

  const uploadFromPage = (request: DoorRequest): Promise<DoorAnswer> => {
    const [runId, path] = [queryField(request, 'run_uuid'), queryField(request, 'path')]
    return dispatched(dispatch, request, {
      name: 'uploadArtifact',
      permission: 'write',
      input: { runId, path },
      answer: async () => {
        artifactRoot.checkPath(path)
        const content = await pageUpload(request.body)
        if (content.byteLength === 0) fail('invalid_input', 'Request must specify data.', { at: 'body' })
        await tracking.logArtifact({ runId, path, content })
        return jsonAnswer({})
      },
    })
  }

  const answerPage = async (request: DoorRequest): Promise<DoorAnswer | undefined> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    if (request.path === '/get-artifact') {
      const runId = request.query.get('run_id') ?? request.query.get('run_uuid') ?? ''
      const path = queryField(request, 'path')
      return download(request, () => tracking.findArtifact(runId, path))
    }
    if (request.path === '/model-versions/get-artifact') {
      const [name, version] = [queryField(request, 'name'), queryField(request, 'version')]
      // Looked at first: a path that climbs is refused whether or not there is such a version.
      const path = artifactRoot.checkPath(queryField(request, 'path'))
      return download(request, async () => {
        const artifacts = await tracking.artifactsOfUri(await versionUri(name, version))
        const found = artifacts?.find((artifact) => artifact.path === path)
        return found ?? fail('not_found', `Version ${version} of "${name}" has no artifact "${path}".`)
      })
    }
    const modelId = modelFile.exec(request.path)?.[1]
    if (modelId === undefined) return undefined
    const path = queryField(request, 'artifact_file_path')
    return download(request, () => tracking.findLoggedModelArtifact(decodedPath(modelId), path))
  }

  return async (request: DoorRequest): Promise<DoorAnswer | undefined> => {
    const { path } = request
    const proxied = root.exec(path)?.[1]
    if (proxied !== undefined) {
      if (proxied === 'artifacts') return answerProxy(request, '')
      if (proxied.startsWith('artifacts/')) return answerProxy(request, decodedPath(proxied.slice(10)))
      if (proxied.startsWith('presigned/')) return notImplemented('Presigned downloads are not supported.')
      return answerParts(request, proxied)
    }
    if (presigned.test(path)) {
      return notImplemented('Presigned URLs are not supported: the bytes of artifacts pass this server.')
    }
    if (uploadPath.test(path) && request.method === 'POST') return uploadFromPage(request)
    return answerPage(request)
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The largest that MLflow's page may upload. */
const pageUploadBytes = 10 * 1024 * 1024

async function pageUpload(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > pageUploadBytes) {
      fail('invalid_input', 'Artifact size is too large. Max size is 10MB.', { at: 'body' })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}
