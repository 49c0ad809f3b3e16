import type { ArtifactUploads } from '#lifecycle/tracking/index'
import { releasing } from '#platform/chunk'
import type { Dispatch } from '#platform/dispatch'
import type { DoorAnswer, DoorRequest } from '#platform/door'
import { decodedPath, dispatched, jsonAnswer, notImplemented } from './byte-call.ts'
import {
  integer,
  list,
  message,
  required,
  text,
  type Fields,
  type Message,
  type MessageOf,
} from './message.ts'
import { requestFields } from './request-fields.ts'

export interface MultipartDependencies {
  /** Undefined where the bytes are kept in a way that takes no parts. */
  readonly uploads: ArtifactUploads | undefined
  readonly dispatch: Dispatch
}

/** `mpu/create/<folder>`, `mpu/complete/<folder>`, `mpu/abort/<folder>`: the folder may be missing. */
const calls = /^mpu\/(create|complete|abort)(?:\/(.*))?$/s
const partPath = /^mpu\/part\/([0-9a-f]{32})\/(\d{1,5})$/

const createMessage = message({ path: required(text), num_parts: integer })
const completeMessage = message({
  path: required(text),
  upload_id: required(text),
  parts: list(message({ part_number: required(integer), etag: required(text) })),
})
const abortMessage = message({ path: required(text), upload_id: required(text) })

/** An upload in parts, which clients send side by side and repeat one by one. The parts come to this server. */
export function multipartRoutes({ uploads, dispatch }: MultipartDependencies) {
  return async (request: DoorRequest, path: string): Promise<DoorAnswer | undefined> => {
    const part = partPath.exec(path)
    if (uploads !== undefined && part !== null && request.method === 'PUT') {
      // Clients send parts without credentials; knowing the upload's id, which is random, is the right to add to it.
      const etag = await uploads.putPart(part[1] ?? '', Number(part[2]), releasing(request.body))
      return { status: 200, headers: { etag: `"${etag}"` }, body: '' }
    }
    const [, step, folder = ''] = calls.exec(path) ?? []
    if (step === undefined || request.method !== 'POST') return undefined
    if (uploads === undefined) {
      return notImplemented('Multipart upload is not supported for the current artifact repository')
    }
    const target = (local: string): string => targetPath(decodedPath(folder), local)
    const call = (name: string, answer: () => Promise<DoorAnswer>): Promise<DoorAnswer> =>
      dispatched(dispatch, request, { name, permission: 'write', audit: 'none', answer })
    switch (step) {
      case 'create':
        return call('beginUpload', async () => {
          const { path: local, num_parts: parts = 1 } = await fieldsOf(request, createMessage)
          const id = await uploads.begin(target(local), parts)
          const base = `${originOf(request)}/api/2.0/mlflow-artifacts/mpu/part/${id}`
          const credentials = Array.from({ length: parts }, (_, index) => ({
            url: `${base}/${index + 1}`,
            part_number: index + 1,
            headers: {},
          }))
          return jsonAnswer({ upload_id: id, credentials })
        })
      case 'complete':
        return call('completeUpload', async () => {
          const { path: local, upload_id, parts = [] } = await fieldsOf(request, completeMessage)
          const given = parts.map(({ part_number, etag }) => ({
            number: part_number,
            etag: etag.replaceAll('"', ''),
          }))
          await uploads.complete({ id: upload_id, path: target(local) }, given)
          return jsonAnswer({})
        })
      default:
        return call('abortUpload', async () => {
          const { path: local, upload_id } = await fieldsOf(request, abortMessage)
          await uploads.abort({ id: upload_id, path: target(local) })
          return jsonAnswer({})
        })
    }
  }
}

async function fieldsOf<Shape extends Fields>(
  request: DoorRequest,
  shape: Message<Shape>,
): Promise<MessageOf<Shape>> {
  const fields = await requestFields(request, { message: shape, path: {} })
  return shape.read(fields, '') as MessageOf<Shape>
}

/** Clients send the whole path of their local file; its name is what counts. */
function targetPath(folder: string, local: string): string {
  const name = local.split(/[/\\]/).at(-1) ?? ''
  const parent = folder.replace(/\/$/, '')
  return parent === '' ? name : `${parent}/${name}`
}

/** Where the client reached this server; a proxy in front says so. */
function originOf(request: DoorRequest): string {
  const forwarded = (name: string): string | undefined => request.header(name)?.split(',')[0]?.trim()
  const scheme = forwarded('x-forwarded-proto') === 'https' ? 'https' : 'http'
  const prefix = forwarded('x-forwarded-prefix') ?? ''
  const host = forwarded('x-forwarded-host') ?? request.header('host') ?? ''
  return `${scheme}://${host}${/^(?:\/[\w.~-]+)+$/.test(prefix) ? prefix : ''}`
}
