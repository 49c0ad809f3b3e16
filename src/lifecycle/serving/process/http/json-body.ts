import { isUtf8 } from 'node:buffer'
import { fail, messageOf } from '#contract/errors'

const maximumDepth = 32

/**
 * A body as JSON. A bare NaN, which Python's json module writes for a missing number, is read as null; infinity is not JSON.
 * A whole number beyond 2^53 that is written out becomes a bigint, so that no digit is lost.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) fail('invalid_input', 'The body is empty; a JSON object is expected.')
  if (!isUtf8(body)) fail('invalid_input', 'The body is not valid UTF-8.')
  refuseDeepNesting(body)
  const text = body.toString('utf8')
  try {
    return parseExactly(text)
  } catch (error) {
    const repaired = text.includes('NaN') ? replaceBareNaN(text) : undefined
    if (repaired === undefined) return failNotJson(error)
    try {
      return parseExactly(repaired)
    } catch (stillWrong) {
      return failNotJson(stillWrong)
    }
  }
}

/** Where a number of 16 digits or more may begin: only then is it worth to look at every value once more. */
const longNumber = /[[,:\s-]\d{16}/

function parseExactly(text: string): unknown {
  return longNumber.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text)
}

function exactNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}

function failNotJson(error: unknown): never {
  return fail('invalid_input', `The body is not JSON: ${messageOf(error).slice(0, 200)}.`)
}

const quote = 0x22
const backslash = 0x5c

/** Before parsing, because a million open brackets cost far more memory parsed than unparsed. */
function refuseDeepNesting(body: Buffer): void {
  let depth = 0
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number
    if (byte === quote) {
      i = endOfString(body, i)
    } else if (byte === 0x7b || byte === 0x5b) {
      depth++
      if (depth > maximumDepth) fail('invalid_input', `The body nests deeper than ${maximumDepth} levels.`)
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
    }
  }
}

/** The index of the quote that closes the string opened at `start`, or the last index. */
function endOfString(body: Buffer, start: number): number {
  let i = start + 1
  while (i < body.length && body[i] !== quote) i += body[i] === backslash ? 2 : 1
  return i
}

function replaceBareNaN(text: string): string {
  let result = ''
  let copied = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') {
      i++
      while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
    } else if (character === 'N' && text.startsWith('NaN', i)) {
      result += `${text.slice(copied, i)}null`
      i += 2
      copied = i + 1
    }
  }
  return result + text.slice(copied)
}
