import { parentPort, workerData } from 'node:worker_threads'
import { sql } from 'kysely'
import { fail, toProblem } from '#contract/errors'
import { openDatabase, type Database, type DatabaseLocation } from './database.ts'
import { readHere } from './read-here.ts'
import type { ReadCall, ThreadAnswer } from './reader.ts'

/** The thread of a reader: opens the store to look at it, and answers one call at a time. */
const port = parentPort ?? fail('internal', 'The reader runs in a thread.')
const { location } = workerData as { readonly location: DatabaseLocation }
const opened = openToRead()

/**
 * The store is read through memory (up to the 2 GB that SQLite is built for): 25,000 runs of an experiment whose numbers are
 * scattered over a million are sorted by a metric in 90 ms so, and in 150 ms by a system call for each page. What is paid:
 * a disk that fails to read ends the process where it would have been an error.
 */
async function openToRead(): Promise<Database> {
  if ('url' in location) return openDatabase(location)
  const database = await openDatabase({ path: location.path, readOnly: true })
  await sql`pragma mmap_size = 2147418112`.execute(database.query)
  return database
}

port.on('message', (call: ReadCall) => {
  answerTo(call).then(
    (answer) => port.postMessage(answer, transferable(answer.output)),
    (error: unknown) => port.postMessage({ problem: toProblem(error) } satisfies ThreadAnswer),
  )
})

async function answerTo(call: ReadCall): Promise<ThreadAnswer> {
  const { query, engine } = await opened
  return { output: await readHere({ query, engine }, call) }
}

/** Buffers that the answer owns whole: a part of a pool of small ones must stay. */
function transferable(output: unknown): ArrayBuffer[] {
  const values =
    typeof output === 'object' && output !== null && !ArrayBuffer.isView(output)
      ? Object.values(output)
      : [output]
  const buffers = values.flatMap((value) =>
    ArrayBuffer.isView(value) &&
    value.buffer instanceof ArrayBuffer &&
    value.byteLength === value.buffer.byteLength
      ? [value.buffer]
      : [],
  )
  return [...new Set(buffers)]
}
