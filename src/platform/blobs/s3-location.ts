import { fail } from '#contract/errors'
import { environmentVariable } from '../config.ts'

export interface S3Location {
  readonly endpoint: string
  readonly bucket: string
  /** Empty, or ends with a slash. */
  readonly prefix: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/**
 * Where `s3://bucket/prefix` is, with the credentials of the environment.
 *
 * @throws invalid_input when it is no such address or a credential is not set; `name` is what the error calls it.
 */
export function s3LocationOf(uri: string, name: string): S3Location {
  // Only characters that need no escape, neither in a URL nor in the XML of a listing.
  const match = /^s3:\/\/([a-z0-9.-]+)\/?([\w./-]*)$/.exec(uri)
  if (match === null) {
    return fail('invalid_input', `${name} is "${uri}"; it is s3://bucket or s3://bucket/prefix.`)
  }
  return {
    ...s3Access(),
    bucket: match[1] as string,
    prefix: match[2] === '' || match[2] === undefined ? '' : `${match[2].replace(/\/+$/, '')}/`,
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
  }
}

/** What the environment says of S3 besides the two keys. The first variable that names an endpoint counts. */
export function s3Access(
  endpoints: readonly string[] = ['AWS_ENDPOINT_URL'],
): Pick<S3Location, 'endpoint' | 'region' | 'sessionToken'> {
  const region = environmentVariable('AWS_REGION') ?? environmentVariable('AWS_DEFAULT_REGION') ?? 'us-east-1'
  const sessionToken = environmentVariable('AWS_SESSION_TOKEN')
  const endpoint = endpoints.map(environmentVariable).find((value) => value !== undefined)
  return {
    region,
    endpoint: (endpoint ?? `https://s3.${region}.amazonaws.com`).replace(/\/$/, ''),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  }
}

function required(name: string): string {
  return (
    environmentVariable(name) ??
    fail('invalid_input', `${name} is not set.`, { hint: 'Bytes in S3 need credentials in the environment.' })
  )
}
