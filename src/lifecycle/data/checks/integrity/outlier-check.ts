import { gammaSurvival } from '#platform/statistics/distributions'
import { quoteName, type Frame, type Tables } from '#platform/tables/index'
import { finiteOf } from '../distribution/count-cells.ts'
import { isNumeric, requireColumn } from '../compile/columns.ts'
import { Uncheckable, type RowsCheck, type TableContext } from '../compiled-check.ts'
import type { CheckOf } from '../expectation.ts'
import { numberedRows } from '../failing-rows.ts'

let tablesMade = 0

/**
 * Rows that lie far from all others, by their local outlier probability (Kriegel, Kröger, Schubert and Zimek 2009) on
 * Gower's distance (1971), which takes numbers and categories together. A sample of the rows is looked at: every row is
 * compared with every other.
 */
export function outlierCheck(check: CheckOf<'no_outlier_rows'>, { columns, where }: TableContext): RowsCheck {
  const used = check.columns.map((name) => requireColumn(name, columns))
  const cells = used.map((column, index) => {
    if (column.type === 'other')
      throw new Uncheckable(`column "${column.name}" is ${column.sqlType}, which has no distance`)
    const value = isNumeric(column) ? finiteOf(column) : `CAST(${quoteName(column.name)} AS VARCHAR)`
    return `${value} AS c${index}`
  })
  const sampled = `sampled_rows_${tablesMade++}`
  return {
    shape: 'rows',
    numbered: true,
    considered: '"probability#" IS NOT NULL',
    unexpected: `"probability#" > ${check.at_most_probability}`,
    from: (rows) =>
      `(SELECT * FROM ${rows} LEFT JOIN (SELECT row AS "sampled#", probability AS "probability#" FROM ${sampled}) ON "row#" = "sampled#")`,
    prepare: async (tables) => {
      const sample = `SELECT CAST("row#" AS DOUBLE) AS row, ${cells.join(', ')} FROM ${numberedRows} WHERE ${where}
        USING SAMPLE reservoir(${check.sample} ROWS) REPEATABLE (0)`
      const frame = await tables.frame(sample)
      const probabilities = outlierProbabilities(frame, check.neighbours)
      await keep(tables, { table: sampled, frame, probabilities })
    },
  }
}

async function keep(
  tables: Tables,
  { table, frame, probabilities }: { table: string; frame: Frame; probabilities: Float64Array },
): Promise<void> {
  const rows = frame.columns['row']
  const pairs = Array.from(probabilities, (probability, index) => [
    rows?.kind === 'number' ? rows.values[index] : 0,
    probability,
  ])
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE ${table} AS SELECT pair[1]::BIGINT AS row, pair[2] AS probability
     FROM (SELECT unnest(from_json(CAST($1 AS VARCHAR), '[["DOUBLE"]]')) AS pair)`,
    [JSON.stringify(pairs)],
  )
}

/** Deviations that a neighbour may lie away; 3 is what the paper takes. */
const lambda = 3

export function outlierProbabilities(frame: Frame, neighbours: number): Float64Array {
  const n = frame.rows
  if (n <= neighbours) return new Float64Array(n)
  const distance = gowerDistance(frame)
  const near: Int32Array[] = []
  const spread = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const { indices, squares } = nearest(i, { n, neighbours, distance })
    near.push(indices)
    spread[i] = lambda * Math.sqrt(squares / neighbours)
  }
  const factors = Float64Array.from(near, (indices, i) => {
    const around = indices.reduce((sum, j) => sum + (spread[j] as number), 0) / neighbours
    if (around === 0) return (spread[i] as number) === 0 ? 0 : Number.MAX_SAFE_INTEGER
    return (spread[i] as number) / around - 1
  })
  const finite = factors.filter((factor) => factor < Number.MAX_SAFE_INTEGER)
  const scale =
    lambda * Math.sqrt(finite.reduce((sum, factor) => sum + factor * factor, 0) / Math.max(1, finite.length))
  return factors.map((factor) => (factor <= 0 ? 0 : scale === 0 ? 1 : erf(factor / (scale * Math.SQRT2))))
}

function nearest(
  i: number,
  { n, neighbours, distance }: { n: number; neighbours: number; distance: (i: number, j: number) => number },
): { indices: Int32Array; squares: number } {
  const indices = new Int32Array(neighbours)
  const distances = new Float64Array(neighbours).fill(Number.POSITIVE_INFINITY)
  for (let j = 0; j < n; j++) {
    if (i === j) continue
    const d = distance(i, j)
    let place = neighbours
    while (place > 0 && d < (distances[place - 1] as number)) place--
    if (place === neighbours) continue
    distances.copyWithin(place + 1, place, neighbours - 1)
    indices.copyWithin(place + 1, place, neighbours - 1)
    distances[place] = d
    indices[place] = j
  }
  return { indices, squares: distances.reduce((sum, d) => sum + d * d, 0) }
}

/** The mean over columns: numbers by their range, categories 0 or 1; a missing value is as far as can be. */
function gowerDistance({ columns }: Frame): (i: number, j: number) => number {
  const parts = Object.entries(columns)
    .filter(([name]) => name !== 'row')
    .map(([, column]) => {
      if (column.kind === 'category') {
        return (i: number, j: number): number =>
          column.codes[i] === column.codes[j] && column.codes[i] !== -1 ? 0 : 1
      }
      const { values } = column
      const known = values.filter((value) => !Number.isNaN(value))
      const range =
        known.reduce((max, value) => Math.max(max, value), -Infinity) -
        known.reduce((min, value) => Math.min(min, value), Infinity)
      return (i: number, j: number): number => {
        const gap = Math.abs((values[i] as number) - (values[j] as number))
        if (Number.isNaN(gap)) return 1
        return range > 0 ? gap / range : 0
      }
    })
  return (i, j) => {
    let sum = 0
    for (const part of parts) sum += part(i, j)
    return sum / parts.length
  }
}

/** For arguments above zero. */
function erf(x: number): number {
  return 1 - gammaSurvival(0.5, x * x)
}
