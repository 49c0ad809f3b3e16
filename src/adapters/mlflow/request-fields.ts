import { fail } from '#contract/errors'
import type { DoorRequest } from '#platform/door'
import type { Message } from './message.ts'

/** The largest that a call may be: a dataset's profile has up to 16 MiB. */
const longestBodyBytes = 32 * 1024 * 1024

/**
 * The one object of fields of a call. GET has them in its query, repeated ones as repeated keys; without a query, and
 * with every other method (DELETE too), they are a JSON body. Parts of the path stand above both.
 */
export async function requestFields(
  request: DoorRequest,
  { message, path }: { message: Message; path: Readonly<Record<string, string>> },
): Promise<Record<string, unknown>> {
  const fromQuery = request.method === 'GET' && request.query.size > 0
  const given = fromQuery ? queryFields(request.query, message) : await bodyFields(request)
  return { ...given, ...path }
}

function queryFields(query: URLSearchParams, message: Message): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(message.shape)) {
    if (!query.has(name)) continue
    fields[name] = field.isList ? query.getAll(name) : query.get(name)
  }
  return fields
}

async function bodyFields(request: DoorRequest): Promise<Record<string, unknown>> {
  const body = await readText(request.body)
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (body !== '' && type !== 'application/json') {
    fail('unsupported_media_type', "Bad Request. Content-Type must be one of ['application/json'].", {
      at: 'content-type',
    })
  }
  if (body.trim() === '') return {}
  const value = parseJson(body)
  // Old clients send a text that is JSON.
  const fields = typeof value === 'string' ? parseJson(value) : value
  if (fields === null) return {}
  if (typeof fields !== 'object' || Array.isArray(fields)) {
    fail('invalid_input', 'The body of the request must be a JSON object.', { at: 'body' })
  }
  return fields as Record<string, unknown>
}

/** The body as text; fails with `payload_too_large`. */
export async function readText(
  body: AsyncIterable<Uint8Array>,
  limitBytes = longestBodyBytes,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > limitBytes) {
      fail('payload_too_large', `The body is larger than ${limitBytes / 1024 / 1024} MiB.`, { at: 'body' })
    }
    chunks.push(chunk)
  }
  const [only] = chunks
  const bytes = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return parsePythonJson(text)
  }
}

/** Python writes NaN and infinities as bare words, which no JSON has. */
function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(withQuotedNumbers(text))
  } catch {
    return fail('invalid_input', 'The body of the request is not JSON.', { at: 'body' })
  }
}

/** By hand and in one pass: what is broken may be long, and a pattern that skips texts would go over it again and again. */
function withQuotedNumbers(text: string): string {
  const parts: string[] = []
  let kept = 0
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '"') {
      at = endOfText(text, at)
      continue
    }
    if (character !== 'N' && character !== 'I' && character !== '-') continue
    const word = ['NaN', 'Infinity', '-Infinity'].find((one) => text.startsWith(one, at))
    if (word === undefined) continue
    parts.push(text.slice(kept, at), `"${word}"`)
    at += word.length - 1
    kept = at + 1
  }
  return parts.join('') + text.slice(kept)
}

/** Where the text that begins with the quote at this place has its closing quote. */
function endOfText(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
