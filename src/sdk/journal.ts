import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { fail, messageOf } from '#contract/errors'
import type { Delivery } from './delivery.ts'

const chunkBytes = 1 << 20
/** Beyond it something is wrong for good, and the disk is somebody else's as well. */
const sizeLimitBytes = 1 << 30
/** On another machine nobody can see whether the process lives: its file must have rested for so long. */
const foreignRestMs = 60_000

/** The first line of a journal: what the others are for. Tokens are never written. */
interface Heading {
  readonly devmlops: 'journal'
  readonly url: string
}

/**
 * What waits for the server, in a file of this process: one delivery a line, only ever appended to. It takes what does not
 * fit into memory while the process runs, and what is left when it ends. A line that a death cut short is left out.
 */
export class Journal {
  readonly folder: string
  readonly url: string
  readonly #path: string
  #sizeBytes = 0
  #readBytes = 0
  /** Lines that were read and not yet taken. */
  #lines: string[] = []

  constructor({ folder, url, path }: { folder: string; url: string; path?: string }) {
    this.folder = folder
    this.url = url
    this.#path = path ?? join(folder, `${hostname()}-${process.pid}-${randomUUID()}.ndjson`)
    if (path !== undefined) this.#sizeBytes = statSync(path).size
  }

  get path(): string {
    return this.#path
  }

  get isEmpty(): boolean {
    return this.#sizeBytes === 0
  }

  /** Writes at once: the caller waits for the disk, which is what slows down a loop that logs faster than the network. */
  append(deliveries: readonly Delivery[]): void {
    if (deliveries.length === 0) return
    // Another machine took the file for abandoned, and sends what it held.
    if (!this.isEmpty && !existsSync(this.#path)) this.#forget()
    if (this.#sizeBytes > sizeLimitBytes) {
      fail('storage_full', `More than 1 GiB waits in ${this.#path} for ${this.url}.`, {
        hint: 'Bring the server back, or log less.',
      })
    }
    const heading: Heading = { devmlops: 'journal', url: this.url }
    const lines = this.isEmpty ? [heading, ...deliveries] : deliveries
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    try {
      if (this.isEmpty) mkdirSync(this.folder, { recursive: true, mode: 0o700 })
      appendFileSync(this.#path, bytes, { mode: 0o600 })
    } catch (error) {
      fail('storage_full', `Cannot keep what waits for ${this.url} in ${this.#path}: ${messageOf(error)}`, {
        hint: 'Make the folder writable, or name another one in DEVMLOPS_JOURNAL.',
        cause: error,
      })
    }
    this.#sizeBytes += bytes.length
  }

  /** The oldest delivery that is not done. The same again until `done` is called. */
  async first(): Promise<Delivery | undefined> {
    for (;;) {
      const line = this.#lines[0]
      if (line === undefined) {
        // A file that somebody removed, or that cannot be read, holds nothing that could be sent.
        const more = await this.#read().catch(() => this.#forget())
        if (more !== true) return undefined
        continue
      }
      const delivery = deliveryIn(line)
      if (delivery !== undefined) return delivery
      this.#lines.shift()
    }
  }

  /** The delivery that `first` gave is on the server. */
  done(): void {
    this.#lines.shift()
    if (this.#lines.length > 0 || this.#readBytes < this.#sizeBytes) return
    this.remove()
  }

  remove(): void {
    rmSync(this.#path, { force: true })
    this.#forget()
  }

  #forget(): void {
    this.#sizeBytes = 0
    this.#readBytes = 0
    this.#lines = []
  }

  /** Reads some lines more. False when there are none. */
  async #read(): Promise<boolean> {
    if (this.#readBytes >= this.#sizeBytes) {
      if (!this.isEmpty) this.remove()
      return false
    }
    const file = await open(this.#path)
    try {
      let text = Buffer.alloc(0)
      for (;;) {
        const { buffer, bytesRead } = await file.read({
          buffer: Buffer.alloc(chunkBytes),
          position: this.#readBytes + text.length,
        })
        text = Buffer.concat([text, buffer.subarray(0, bytesRead)])
        const end = text.lastIndexOf(10) + 1
        if (end > 0) {
          this.#take(text.subarray(0, end))
          return true
        }
        if (bytesRead > 0) continue
        // The last line was cut short.
        this.#readBytes = this.#sizeBytes
        return true
      }
    } finally {
      await file.close()
    }
  }

  #take(bytes: Buffer): void {
    this.#readBytes += bytes.length
    const lines = bytes.toString().split('\n')
    this.#lines.push(...lines.filter((text) => text !== ''))
  }
}

/**
 * The journals in the folder that no living process writes. They are taken by giving them this process's name, which only
 * one process can do; all lines are for `url`, or for whatever server each was written for when none is given.
 */
export async function claimJournals(folder: string, url?: string): Promise<Journal[]> {
  const journals: Journal[] = []
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    const written = await urlOf(path).catch(() => undefined)
    if (written === undefined || (url !== undefined && written !== url)) continue
    const claimed = join(folder, `${hostname()}-${process.pid}-${randomUUID()}.ndjson`)
    try {
      renameSync(path, claimed)
      journals.push(new Journal({ folder, url: written, path: claimed }))
    } catch {
      // Somebody else took it.
    }
  }
  return journals
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => isAbandoned(folder, name))
  } catch {
    return []
  }
}

function isAbandoned(folder: string, name: string): boolean {
  const [, host, pid] = /^(.*)-(\d+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.ndjson$/.exec(name) ?? []
  if (host === undefined || pid === undefined) return false
  if (host !== hostname()) {
    const rests = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    return Date.now() - rests > foreignRestMs
  }
  try {
    // Signal 0 only asks whether the process is there.
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** A journal that is there already. */
export async function openJournal(path: string): Promise<Journal> {
  const url = await urlOf(path)
  if (url !== undefined) return new Journal({ folder: dirname(path), url, path })
  return fail('unreadable_data', `${path} is no journal.`, { at: path })
}

async function urlOf(path: string): Promise<string | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8192), 0, 8192, 0)
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n')
    const heading = JSON.parse(line) as Partial<Heading>
    return heading.devmlops === 'journal' ? heading.url : undefined
  } finally {
    await file.close()
  }
}

function deliveryIn(line: string): Delivery | undefined {
  try {
    const delivery = JSON.parse(line) as Partial<Delivery>
    if (typeof delivery.runId !== 'string') return undefined
    return { metrics: [], params: {}, tags: {}, ...delivery, runId: delivery.runId }
  } catch {
    return undefined
  }
}
