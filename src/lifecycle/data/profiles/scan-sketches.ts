import { quoteName, requireRow, type Cell, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { hashedValueOf, numberOf, scaleOf, type ColumnSummary } from './column-aggregates.ts'
import { distinctSketch, distinctSketchSize, hashExpression, isSmallHash } from './distinct-sketch.ts'
import type { DistinctSketch } from './distinct-sketch.ts'
import { binExpression, levelFor, sketchOfBins, type NumberSketch } from './number-sketch.ts'
import { lengthAggregates, textLengths, type TextLengths } from './text-lengths.ts'

export interface ScannedSketches {
  readonly distinct: DistinctSketch
  readonly numbers?: NumberSketch
  readonly lengths?: TextLengths
}

interface SketchRequest {
  readonly relation: string
  /** Columns with too many distinct values to count each. */
  readonly columns: readonly Column[]
  readonly summaries: ReadonlyMap<string, ColumnSummary>
  readonly hash: string
}

/** Hashes and lengths of all columns in one scan, and one small grouping for each column of numbers. */
export async function scanSketches(
  tables: Tables,
  { relation, columns, summaries, hash }: SketchRequest,
): Promise<ReadonlyMap<string, ScannedSketches>> {
  const sketches = new Map<string, ScannedSketches>()
  if (columns.length === 0) return sketches
  const summaryOf = ({ name }: Column): ColumnSummary => summaries.get(name) as ColumnSummary
  const aggregates = columns.flatMap((column, index) => {
    const hashes = hashesOf(column, isSmallHash(hashedValueOf(column), summaryOf(column).distinct))
    const text =
      column.type === 'text'
        ? lengthAggregates(`CAST(${quoteName(column.name)} AS VARCHAR)`, `c${index}`)
        : []
    const value = scaleOf(column) === 'logarithm' ? numberOf(column) : undefined
    const magnitude = value === undefined ? [] : [`min(nullif(abs(${value}), 0)) AS c${index}_magnitude`]
    return [`${hashes} AS c${index}_hashes`, ...text, ...magnitude]
  })
  const row = requireRow(await tables.rows(`SELECT ${aggregates.join(', ')} FROM ${relation}`))
  for (const [index, column] of columns.entries()) {
    const summary = summaryOf(column)
    let hashes = numbersIn(row[`c${index}_hashes`])
    if (hashes.length < distinctSketchSize) {
      // The estimate was far off, and too few hashes were small. All of them are asked for once more.
      const all = await tables.rows(`SELECT ${hashesOf(column, undefined)} AS hashes FROM ${relation}`)
      hashes = numbersIn(requireRow(all)['hashes'])
    }
    const lengths = textLengths(row, { prefix: `c${index}`, count: summary.values })
    const numbers = await countBins(tables, relation, {
      column,
      summary,
      // The smallest distance from zero that is not zero.
      minMagnitude: Number(row[`c${index}_magnitude`] ?? 1),
    })
    sketches.set(column.name, {
      distinct: distinctSketch(hashes, hash),
      ...(column.type !== 'text' || lengths === undefined ? {} : { lengths }),
      ...(numbers === undefined ? {} : { numbers }),
    })
  }
  return sketches
}

function hashesOf(column: Column, condition: string | undefined): string {
  const value = hashedValueOf(column)
  const filter = [`${value} IS NOT NULL`, ...(condition === undefined ? [] : [condition])]
  return `list(DISTINCT ${hashExpression(value)}) FILTER (WHERE ${filter.join(' AND ')})`
}

function numbersIn(cell: Cell | undefined): number[] {
  return Array.isArray(cell) ? cell.map(Number) : []
}

async function countBins(
  tables: Tables,
  relation: string,
  { column, summary, minMagnitude }: { column: Column; summary: ColumnSummary; minMagnitude: number },
): Promise<NumberSketch | undefined> {
  const value = numberOf(column)
  const { min, max } = summary
  if (value === undefined || min === null || max === null) return undefined
  const scale = scaleOf(column)
  const level =
    scale === 'logarithm'
      ? levelFor(scale, minMagnitude, Math.max(Math.abs(min), Math.abs(max), minMagnitude))
      : levelFor(scale, min, max)
  const bin = binExpression('v', { scale, level })
  const sign = scale === 'logarithm' ? 'CAST(sign(v) AS INTEGER)' : '1'
  const rows = await tables.rows(
    `SELECT ${sign} AS s, CASE WHEN ${scale === 'logarithm' ? 'v = 0' : 'false'} THEN 0 ELSE ${bin} END AS b, count(*) AS n
     FROM (SELECT ${value} AS v FROM ${relation}) WHERE v IS NOT NULL GROUP BY ALL`,
  )
  const bins = rows.map(({ s, b, n }) => ({ sign: Number(s), index: Number(b), count: Number(n) }))
  return sketchOfBins(bins, { scale, level })
}
