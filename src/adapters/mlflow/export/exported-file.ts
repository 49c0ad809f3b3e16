import { createWriteStream } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { dirname, isAbsolute, normalize } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Download } from '#contract/endpoint'
import { fail } from '#contract/errors'

/** Writes a download, in constant memory. */
export async function saveFile(path: string, body: Download['body']): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const content = body instanceof Uint8Array ? Readable.from([body]) : Readable.from(body)
  await pipeline(content, createWriteStream(path))
}

export async function bytesOf(body: Download['body']): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A name from the store that becomes a file must stay below its folder. */
export function checkInside(name: string): string {
  if (!isAbsolute(name) && normalize(name) === name && !name.split('/').includes('..')) return name
  return fail('conflict', `"${name}" cannot be the name of a file.`)
}

/** Files of two exports in one folder would be neither. */
export async function mustBeEmpty(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => [])
  if (entries.length === 0) return
  fail('already_exists', `The folder ${folder} is not empty.`, {
    hint: 'Name one that is, or does not exist.',
    at: '--to',
  })
}
