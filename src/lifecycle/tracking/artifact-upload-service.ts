import { fail } from '#contract/errors'
import type { BlobUploads, UploadedPart } from '#platform/blobs/index'
import type { ArtifactService } from './artifact-service.ts'

/** An upload in parts under way, and the path below the artifact root that it is for. */
export interface ArtifactUpload {
  readonly id: string
  readonly path: string
}

const mostParts = 10_000

export type ArtifactUploads = ReturnType<typeof createArtifactUploads>

/** Uploads in parts, which may be sent side by side, again, and after a restart. */
export function createArtifactUploads(uploads: BlobUploads, artifactRoot: ArtifactService['artifactRoot']) {
  return {
    /** Answers the id of the upload, which nobody can guess. */
    begin: async (path: string, parts: number): Promise<string> => {
      if (parts < 1 || parts > mostParts) {
        fail('invalid_input', `An upload has 1 to ${mostParts} parts, not ${parts}.`, { at: 'num_parts' })
      }
      await artifactRoot.checkWritable(path)
      return uploads.begin(path)
    },

    /** Answers what the client must name in the end to have this part in it. */
    putPart: async (id: string, number: number, content: AsyncIterable<Uint8Array>): Promise<string> => {
      if (number < 1 || number > mostParts) {
        fail('invalid_input', `A part has a number from 1 to ${mostParts}.`, { at: 'part_number' })
      }
      return uploads.putPart(id, number, content)
    },

    complete: async ({ id, path }: ArtifactUpload, parts: readonly UploadedPart[]): Promise<void> => {
      if (parts.length === 0 || parts.length > mostParts) {
        fail('invalid_input', `An upload has 1 to ${mostParts} parts.`, { at: 'parts' })
      }
      await artifactRoot.checkWritable(path)
      const blob = await uploads.complete({ id, label: path }, parts)
      await artifactRoot.name(path, blob)
    },

    abort: ({ id, path }: ArtifactUpload): Promise<void> => uploads.abort({ id, label: path }),
  }
}
