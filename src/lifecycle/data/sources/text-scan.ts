import { isUtf8 } from 'node:buffer'

/** What one pass over the bytes of a text tells. Lines are counted from 1, offsets from 0. */
export interface TextFacts {
  readonly lineFeeds: number
  readonly carriageReturnLineFeeds: number
  /** Line of the first NUL byte. */
  readonly nulLine: number | undefined
  readonly utf16: boolean
  /** The first byte that is no part of UTF-8. */
  readonly invalid: { readonly line: number; readonly offset: number; readonly byte: number } | undefined
  readonly longLine: { readonly line: number; readonly limitBytes: number } | undefined
  /** The last byte that is no white space. */
  readonly lastByte: number | undefined
  /** What keeps a compressed file from being unpacked. */
  readonly damage?: string | undefined
}

export interface TextScan {
  scan(bytes: Buffer): void
  facts(): TextFacts
}

const lineFeed = 10
const carriageReturn = 13
const whiteSpace = new Set([9, lineFeed, carriageReturn, 32])

/** Looks for what a reader of CSV would pass over in silence. @param longestLineBytes undefined: lines may be of any length. */
export function createTextScan(longestLineBytes?: number): TextScan {
  let lineFeeds = 0
  let carriageReturnLineFeeds = 0
  let nulLine: number | undefined
  let lastByte = 0
  let lastVisible: number | undefined
  let utf16: boolean | undefined
  let longLine: TextFacts['longLine']
  let lineBytes = 0
  const lines = (): number => lineFeeds + carriageReturnLineFeeds + 1
  const encoding = createEncodingScan()

  /** Coarse on purpose: a line that is too long spans whole chunks. Files of old end their lines in CR alone. */
  const measureLine = (bytes: Buffer): void => {
    const [feed, carriage] = [bytes.indexOf(lineFeed), bytes.indexOf(carriageReturn)]
    const first = feed === -1 ? carriage : carriage === -1 ? feed : Math.min(feed, carriage)
    lineBytes += first === -1 ? bytes.length : first
    if (longestLineBytes !== undefined && lineBytes > longestLineBytes) {
      longLine ??= { line: lines(), limitBytes: longestLineBytes }
    }
    if (first === -1) return
    lineBytes = bytes.length - 1 - Math.max(bytes.lastIndexOf(lineFeed), bytes.lastIndexOf(carriageReturn))
  }

  return {
    scan: (bytes) => {
      utf16 ??= (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
      measureLine(bytes)
      encoding.scan(bytes, lines())
      const nul = nulLine === undefined ? bytes.indexOf(0) : -1
      for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) {
        if (nul !== -1 && nulLine === undefined && nul < at) nulLine = lines()
        const previous = at === 0 ? lastByte : bytes[at - 1]
        if (previous === carriageReturn) carriageReturnLineFeeds += 1
        else lineFeeds += 1
      }
      if (nul !== -1) nulLine ??= lines()
      lastByte = bytes.at(-1) ?? lastByte
      let at = bytes.length - 1
      while (at >= 0 && whiteSpace.has(bytes[at] as number)) at -= 1
      lastVisible = bytes[at] ?? lastVisible
    },
    facts: () => ({
      lineFeeds,
      carriageReturnLineFeeds,
      nulLine,
      utf16: utf16 ?? false,
      invalid: encoding.end(lines()),
      longLine,
      lastByte: lastVisible,
    }),
  }
}

/** Finds the first byte that is no UTF-8, also where a character lies across two chunks. */
function createEncodingScan() {
  let rest = Buffer.alloc(0)
  let offset = 0
  let invalid: TextFacts['invalid']
  const check = (bytes: Buffer, firstLine: number): void => {
    if (invalid !== undefined || isUtf8(bytes)) return
    // Halves until the fault stands at the end of what is valid before it.
    let [valid, broken] = [0, bytes.length]
    while (broken - valid > 1) {
      const middle = (valid + broken) >> 1
      if (isUtf8(bytes.subarray(0, wholeCharacters(bytes, middle)))) valid = middle
      else broken = middle
    }
    const at = wholeCharacters(bytes, valid)
    const line = firstLine + bytes.subarray(0, at).filter((byte) => byte === lineFeed).length
    invalid = { line, offset: offset + at, byte: bytes[at] as number }
  }
  return {
    scan: (bytes: Buffer, firstLine: number): void => {
      if (invalid !== undefined) return
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      const end = wholeCharacters(all, all.length)
      check(all.subarray(0, end), firstLine)
      rest = Buffer.from(all.subarray(end))
      offset += end
    },
    end: (firstLine: number): TextFacts['invalid'] => {
      if (invalid === undefined && rest.length > 0)
        invalid = { line: firstLine, offset, byte: rest[0] as number }
      return invalid
    },
  }
}

/** Where the last character before `end` begins, if it goes on after it; else `end`. */
function wholeCharacters(bytes: Buffer, end: number): number {
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] as number
    if (byte < 0x80) return end
    if (byte < 0xc0) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return length > back ? end - back : end
  }
  return end
}
