import { z } from 'zod'
import { fail } from '#contract/errors'

/** A number, `latest`, or a tag. */
export type VersionName = number | string

export interface DatasetReference {
  readonly name: string
  readonly version: VersionName
}

const tagPattern = /^(?!latest$)[A-Za-z][A-Za-z0-9._-]{0,99}$/

export const tagSchema = z
  .string()
  .regex(tagPattern, 'a tag is letters, digits, ".", "_" and "-", starts with a letter, and is not "latest"')

export const versionNameSchema = z
  .union([z.literal('latest'), z.coerce.number<number | string>().int().min(1), tagSchema])
  .describe('A version, "latest", or a tag')

/** Reads `flights`, `flights@3`, `flights@latest`, `flights@gold`, each also with `data.` in front. */
export function parseReference(reference: string): DatasetReference {
  const match = /^(?:data\.)?([A-Za-z][A-Za-z0-9_-]*)(?:@(.+))?$/.exec(reference)
  const [, name, version = 'latest'] = match ?? []
  const isVersion = version === 'latest' || /^[1-9]\d*$/.test(version) || tagPattern.test(version)
  if (name === undefined || !isVersion) {
    return fail(
      'invalid_input',
      `"${reference}" names no dataset; NAME, NAME@VERSION or NAME@TAG is expected.`,
      {
        hint: 'For example flights, flights@3 or flights@gold.',
        at: reference,
      },
    )
  }
  return { name, version: /^\d+$/.test(version) ? Number(version) : version }
}
