import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

export interface StepLogOptions {
  readonly headBytes?: number
  readonly tailBytes?: number
}

const defaultHeadBytes = 4 * 1024 * 1024
const defaultTailBytes = 6 * 1024 * 1024
const recentBytes = 8192

/**
 * What a step prints, however much that is: the beginning goes to the file, the end stays in memory until the step is
 * over, and what is between is only counted.
 */
export class StepLog {
  private readonly path: string
  private readonly headBytes: number
  private readonly file: number
  private readonly tail: LastBytes
  private readonly recent = new LastBytes(recentBytes)
  private headWritten = 0
  private open = true

  constructor(path: string, { headBytes, tailBytes }: StepLogOptions = {}) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.path = path
    this.headBytes = headBytes ?? defaultHeadBytes
    this.tail = new LastBytes(tailBytes ?? defaultTailBytes)
    this.file = openSync(path, 'w', 0o600)
  }

  write(chunk: Uint8Array): void {
    if (!this.open) return
    this.recent.add(chunk)
    const room = Math.max(0, this.headBytes - this.headWritten)
    if (room > 0) this.append(chunk.subarray(0, room))
    this.headWritten += Math.min(room, chunk.length)
    if (chunk.length > room) this.tail.add(chunk.subarray(room))
  }

  line(text: string): void {
    this.write(new TextEncoder().encode(`${text}\n`))
  }

  /** The last lines, for an error message and for whoever watches. */
  lastLines(count: number): string[] {
    const text = new TextDecoder().decode(Buffer.concat(this.recent.chunks))
    return text.split('\n').map(withoutControl).filter(Boolean).slice(-count)
  }

  /** All that is kept so far. */
  snapshot(): Uint8Array {
    const head = readFileSync(this.path)
    return this.open ? Buffer.concat([head, ...this.end()]) : head
  }

  /** Writes the end to the file, after a line that says how much is missing. */
  close(): void {
    if (!this.open) return
    for (const chunk of this.end()) this.append(chunk)
    this.open = false
    closeSync(this.file)
  }

  private end(): Uint8Array[] {
    const { omittedBytes, chunks } = this.tail
    if (omittedBytes === 0) return chunks
    const note = `\n… ${omittedBytes.toLocaleString('en')} bytes are left out here …\n`
    return [new TextEncoder().encode(note), ...chunks]
  }

  private append(bytes: Uint8Array): void {
    try {
      writeSync(this.file, bytes)
    } catch {
      // A full disk must not end the step: what it prints matters less than what it makes.
    }
  }
}

class LastBytes {
  chunks: Uint8Array[] = []
  omittedBytes = 0
  private sizeBytes = 0
  private readonly limitBytes: number

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  add(chunk: Uint8Array): void {
    // Copied, because the stream that gave the chunk may use its memory again.
    const kept = Uint8Array.from(chunk.subarray(-this.limitBytes))
    this.chunks.push(kept)
    this.sizeBytes += kept.length
    this.omittedBytes += chunk.length - kept.length
    let dropped = 0
    while (this.sizeBytes - (this.chunks[dropped]?.length ?? 0) >= this.limitBytes) {
      this.sizeBytes -= this.chunks[dropped]?.length ?? 0
      this.omittedBytes += this.chunks[dropped]?.length ?? 0
      dropped += 1
    }
    if (dropped > 0) this.chunks.splice(0, dropped)
  }
}

/** Programs redraw their progress bars with control characters, which would redraw the reader's terminal. */
function withoutControl(line: string): string {
  const lastDrawn = line.split('\r').findLast((part) => part !== '') ?? ''
  return stripControl(lastDrawn).trimEnd()
}

function stripControl(text: string): string {
  const plain = stripVTControlCharacters(text)
  return Array.from(plain, (character) => (character === '\t' || character >= ' ' ? character : '')).join('')
}

/** One file an attempt, so that a retry does not hide why the first try failed. */
export function stepLogPath(
  home: string,
  step: { readonly runId: string; readonly step: string; readonly attempt: number },
): string {
  return join(home, 'pipeline-logs', step.runId, `${step.step}.${step.attempt}.log`)
}
