import { open } from 'node:fs/promises'

export interface SegmentLine {
  readonly text: string
  /** Where it ends in the file, behind its line end: what a cursor that has read it says. */
  readonly end: number
}

const chunkBytes = 1 << 20
const newline = 0x0a

/** The whole lines of a segment from a place on. A line that is still being written, or was torn, is not among them. */
export async function* segmentLines(
  path: string,
  { start = 0, end = Number.POSITIVE_INFINITY }: { readonly start?: number; readonly end?: number } = {},
): AsyncGenerator<readonly SegmentLine[]> {
  const handle = await open(path, 'r')
  try {
    let chunk = Buffer.alloc(chunkBytes)
    for (let position = start; ;) {
      const wanted = Math.max(0, Math.min(chunk.length, end - position))
      const { bytesRead } = await handle.read(chunk, 0, wanted, position)
      const bytes = chunk.subarray(0, bytesRead)
      const lines: SegmentLine[] = []
      let from = 0
      for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, from)) {
        lines.push({ text: bytes.toString('utf8', from, at), end: position + at + 1 })
        from = at + 1
      }
      position += from
      if (lines.length > 0) yield lines
      if (bytesRead < chunk.length) return
      // A line longer than the chunk.
      if (from === 0) chunk = Buffer.alloc(chunk.length * 2)
    }
  } finally {
    await handle.close()
  }
}
