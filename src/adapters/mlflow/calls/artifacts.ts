import type { TrackingService } from '#lifecycle/tracking/index'
import { artifactFiles } from '../artifact-files.ts'
import { call, type MlflowCall } from '../call.ts'
import { message, text } from '../message.ts'
import { runId, runIdOf } from '../run-id.ts'

/** What is said about artifacts in JSON; their bytes pass the artifact door. */
export function artifactCalls(tracking: TrackingService): MlflowCall[] {
  return [
    call({
      methods: ['GET'],
      path: 'artifacts/list',
      permission: 'read',
      // The whole folder is one page, as in MLflow, so that a page token says nothing.
      request: message({ ...runId, path: text, page_token: text }),
      answer: async ({ path, ...request }) => {
        const { rootUri, entries } = await tracking.listRunFolder(runIdOf(request), path)
        return { root_uri: rootUri, files: artifactFiles(entries) }
      },
    }),
  ]
}
