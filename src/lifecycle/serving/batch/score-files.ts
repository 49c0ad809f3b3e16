import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fail, messageOf } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { openTables, type StreamedRows, type Tables, type WantedColumn } from '#platform/tables/index'
import type { LoadedModel } from '../model-runtime-point.ts'
import { checkedBatch } from './checked-batch.ts'
import { modelColumns, type FieldColumn } from './model-columns.ts'
import { partJournal, type ScoredPart } from './part-journal.ts'
import { scoredColumns, type ScoredColumns } from './scored-columns.ts'
import { scoringUnits, unitRelation, type ScoringUnit } from './scoring-unit.ts'

export interface ScoredFiles {
  readonly rows: number
  /** Rows that have a reason instead of scores. */
  readonly refused: number
  /** Parquet files, in the order of the rows. */
  readonly parts: readonly ScoredPart[]
}

export interface ScoringRequest {
  /** Parquet files with the same columns. */
  readonly files: readonly string[]
  readonly model: Pick<LoadedModel, 'outputs' | 'parallelBatches' | 'score' | 'settled'>
  /** Names the model version in the rows, such as `churn v3`. */
  readonly label: string
  readonly signature: ModelSignature
  /** Holds the parts and what is known of them; the same folder again goes on with what is left. */
  readonly directory: string
  readonly signal: AbortSignal
  progress(done: { readonly rows: number; readonly of: number }): void
}

/** Rows that the model gets at once: enough that a call costs nothing beside its rows. */
const batchRows = 8192

/**
 * Scores every row of Parquet files into Parquet files of the same rows in the same order, in constant memory: while one
 * unit is compressed and written, the next is read and scored.
 */
export async function scoreFiles(request: ScoringRequest): Promise<ScoredFiles> {
  const { files, directory, signal, progress } = request
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const tables = await openTables({
    allowedDirectories: [directory],
    allowedPaths: files,
    temporaryDirectory: join(directory, 'tables'),
  })
  try {
    const units = await scoringUnits(tables, files)
    const of = units.reduce((sum, { rows }) => sum + rows, 0)
    const [first] = units
    if (first === undefined) return { rows: 0, refused: 0, parts: [] }
    const columns = await tables.columns(`SELECT * FROM ${unitRelation(first)}`)
    const fields = modelColumns(request.label, request.signature, columns)
    const taken = new Set(columns.map(({ name }) => name))
    const journal = partJournal(directory)
    await request.model.settled
    const finished = await journal.finished()
    let done = 0
    let writing: Promise<void> = Promise.resolve()
    for (const [index, unit] of units.entries()) {
      signal.throwIfAborted()
      if (finished.has(index)) {
        done += unit.rows
        progress({ rows: done, of })
        continue
      }
      const scored = scoredColumns(request.model, { rows: unit.rows, taken, version: request.label })
      await scoreUnit(tables, { unit, fields, request, scored })
      await writing
      writing = writeUnit(index, unit, scored)
      // Whoever awaits it next sees the failure; until then it is nobody's.
      writing.catch(() => undefined)
    }
    await writing
    const parts = [...(await journal.finished()).values()].sort((left, right) => left.unit - right.unit)
    const refused = parts.reduce((sum, part) => sum + part.refused, 0)
    return { rows: of, refused, parts }

    async function writeUnit(index: number, unit: ScoringUnit, scored: ScoredColumns): Promise<void> {
      const aside = journal.aside(index)
      await tables.writeBeside({ relation: unitRelation(unit), added: scored.columns, path: aside })
      await journal.finish(aside, { unit: index, rows: unit.rows, refused: scored.refusedRows })
      done += unit.rows
      progress({ rows: done, of })
    }
  } finally {
    tables.close()
  }
}

interface UnitWork {
  readonly unit: ScoringUnit
  readonly fields: readonly FieldColumn[]
  readonly request: Pick<ScoringRequest, 'model' | 'signal' | 'label'>
  readonly scored: ScoredColumns
}

async function scoreUnit(
  tables: Tables,
  { unit, fields, request: { model, signal, label }, scored }: UnitWork,
): Promise<void> {
  const wanted = fields
    .map((field) => field.wanted)
    .filter((column): column is WantedColumn => column !== undefined)
  const stream = await tables.stream({ relation: unitRelation(unit), wanted })
  const running = new Set<Promise<void>>()
  let failure: Error | undefined
  let firstRow = 0
  const score = (pieces: readonly StreamedRows[]): void => {
    const at = firstRow
    const { batch, refused } = checkedBatch(fields, pieces)
    firstRow += batch.rows
    const work = model.score(batch).then(
      (answer) => scored.fill(at, answer, refused),
      (error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(messageOf(error))
      },
    )
    const tracked = work.finally(() => running.delete(tracked))
    running.add(tracked)
  }
  try {
    let pieces: StreamedRows[] = []
    let rows = 0
    for (let piece = await stream.next(); piece !== undefined; piece = await stream.next()) {
      signal.throwIfAborted()
      pieces.push(piece)
      rows += piece.rows
      if (rows < batchRows) continue
      score(pieces)
      pieces = []
      rows = 0
      // One more than are scored at once, so that no thread waits for rows to be read.
      while (running.size > model.parallelBatches) await Promise.race(running)
      if (failure !== undefined) throw failure
    }
    if (rows > 0) score(pieces)
    await Promise.all(running)
    if (failure !== undefined) throw failure
  } finally {
    stream.close()
  }
  if (firstRow !== unit.rows) {
    fail('storage_corrupt', `${unit.file} says ${unit.rows} rows and gives ${firstRow}, for ${label}.`)
  }
}
