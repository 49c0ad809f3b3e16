import type { StoredArtifact, TrackingService } from '#lifecycle/tracking/index'
import type { DoorAnswer, DoorRequest } from '#platform/door'
import { artifactType, attachmentOf } from './artifact-type.ts'

/** Answers with the bytes of an artifact, whole or the range that is asked for. Its digest is its ETag. */
export async function downloadAnswer(
  tracking: Pick<TrackingService, 'openArtifact'>,
  artifact: StoredArtifact,
  request: Pick<DoorRequest, 'method' | 'header'>,
): Promise<DoorAnswer> {
  const { sizeBytes } = artifact
  const etag = `"${artifact.digest}"`
  const headers = {
    'content-type': artifactType(artifact.path),
    'content-disposition': attachmentOf(artifact.path),
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    etag,
  }
  if (namesTag(request.header('if-none-match'), etag)) return { status: 304, headers, body: '' }
  const range = rangeOf(request, { etag, sizeBytes })
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${sizeBytes}` }, body: '' }
  }
  const length = range === undefined ? sizeBytes : range.last - range.first + 1
  const sized = {
    ...headers,
    'content-length': String(length),
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.first}-${range.last}/${sizeBytes}` }),
  }
  const status = range === undefined ? 200 : 206
  if (request.method === 'HEAD') return { status, headers: sized, body: '' }
  return { status, headers: sized, body: await begun(await tracking.openArtifact(artifact, range)) }
}

/** Reads the first chunk ahead: what fails there can still be answered in words, later only by breaking off. */
async function begun(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]()
  let first: IteratorResult<Uint8Array> | undefined = await iterator.next()
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const result = first ?? (await iterator.next())
        first = undefined
        return result
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    }),
  }
}

function namesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

/** One range (RFC 9110, section 14). Several, or what is no range, is answered with the whole. */
function rangeOf(
  request: Pick<DoorRequest, 'header'>,
  { etag, sizeBytes }: { etag: string; sizeBytes: number },
): { first: number; last: number } | 'unsatisfiable' | undefined {
  const condition = request.header('if-range')
  if (condition !== undefined && condition.trim() !== etag) return undefined
  const [, from = '', to = ''] =
    /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.header('range')?.trim() ?? '') ?? []
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from)
  const last = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1)
  if (from !== '' && to !== '' && Number(to) < first) return undefined
  return first > last || first >= sizeBytes ? 'unsatisfiable' : { first, last }
}
