import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A file of the log: whole lines of JSON, only ever appended to, and only while it is the last. */
export interface Segment {
  readonly sequence: number
  readonly path: string
  readonly sizeBytes: number
}

export function predictionDirectory(stateDirectory: string, deployment: string): string {
  return join(stateDirectory, 'predictions', deployment)
}

/** Of what shadows of a deployment said: apart, so that whoever reads its predictions counts none twice. */
export function shadowDirectory(stateDirectory: string, deployment: string): string {
  return join(stateDirectory, 'shadows', deployment)
}

export function segmentPath(directory: string, sequence: number): string {
  return join(directory, `${String(sequence).padStart(10, '0')}.ndjson`)
}

/** The segments of a deployment's log in the order they were written; none when there is no log yet. */
export async function listSegments(directory: string): Promise<readonly Segment[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const sequences = names
    .map((name) => /^(\d{10})\.ndjson$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((left, right) => left - right)
  const segments: Segment[] = []
  for (const sequence of sequences) {
    const path = segmentPath(directory, sequence)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined) segments.push({ sequence, path, sizeBytes: found.size })
  }
  return segments
}

const newline = 0x0a
const blockBytes = 64 * 1024

/**
 * Cuts off a last line without its end, which a process leaves that is killed while it writes. Nobody was told that such a
 * line is logged. Answers whether there was one.
 */
export async function cutTornLine(segment: Segment): Promise<boolean> {
  const handle = await open(segment.path, 'r+')
  try {
    const { size } = await handle.stat()
    const wholeBytes = await endOfLastLine(handle, size)
    if (wholeBytes === size) return false
    await handle.truncate(wholeBytes)
    await handle.datasync()
    return true
  } finally {
    await handle.close()
  }
}

async function endOfLastLine(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<number> {
  const block = Buffer.alloc(blockBytes)
  let end = size
  while (end > 0) {
    const start = Math.max(0, end - blockBytes)
    const { bytesRead } = await handle.read(block, 0, end - start, start)
    const found = block.subarray(0, bytesRead).lastIndexOf(newline)
    if (found !== -1) return start + found + 1
    end = start
  }
  return 0
}
