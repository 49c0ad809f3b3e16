import { formatShare } from './share-text.ts'
import { quoteName, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import type { ClassProposal } from './class-proposal.ts'
import { namedKind, type NamedKind } from './detectors/column-names.ts'
import { detectors, namedClasses, textDetectors, type Detector } from './detectors/detector.ts'

/** Rows that are looked at: enough for a share, and cheap on any table. */
export const sampledRows = 10_000
const longestText = 300
/** A pattern that ever so few values meet says nothing. */
const fewestValues = 5
const textShare = 0.01

export interface ClassifyRequest {
  readonly relation: string
  readonly columns: readonly Column[]
  /** Rows of the relation; undefined where nobody has counted. */
  readonly rows?: number | undefined
  readonly sampleRows?: number | undefined
}

/**
 * Columns that look personal, by what their values and their name say, from one scan over a sample. No value leaves this
 * function.
 */
export async function classifyColumns(tables: Tables, request: ClassifyRequest): Promise<ClassProposal[]> {
  const { columns } = request
  const read = columns.filter(({ type }) => type === 'text' || type === 'integer')
  const counted = read.length === 0 ? new Map() : await sampleValues(tables, { ...request, columns: read })
  return columns.flatMap((column): ClassProposal[] => {
    const proposal = judgeColumn(column, counted.get(column.name) ?? new Map<string, number>())
    return proposal === undefined ? [] : [proposal]
  })
}

/** How often each value of the sample occurs, by column. */
async function sampleValues(
  tables: Tables,
  { relation, columns, rows, sampleRows = sampledRows }: ClassifyRequest,
): Promise<Map<string, ReadonlyMap<string, number>>> {
  const list = columns.map(
    ({ name }, index) => `left(CAST(${quoteName(name)} AS VARCHAR), ${longestText}) AS v${index}`,
  )
  const sample = await tables.rows(
    `SELECT ${list.join(', ')} FROM ${relation} ${sampleClause(rows, sampleRows)}`,
  )
  return new Map(
    columns.map(({ name }, index) => {
      const counts = new Map<string, number>()
      for (const row of sample) {
        const value = row[`v${index}`]
        if (typeof value !== 'string') continue
        const text = value.trim()
        if (text !== '') counts.set(text, (counts.get(text) ?? 0) + 1)
      }
      return [name, counts]
    }),
  )
}

/** Blocks of a large table, whatever it holds of a small one: a reservoir would read all rows of a large table. */
function sampleClause(rows: number | undefined, wanted: number): string {
  if (rows === undefined || rows <= wanted) return `LIMIT ${wanted}`
  if (rows <= 50 * wanted) return `USING SAMPLE reservoir(${wanted} ROWS) REPEATABLE (42)`
  // Without a LIMIT, which would take the first of the blocks. Twice as much as wanted, so that some block is hit.
  const percent = ((2 * Math.max(wanted, sampledRows)) / rows) * 100
  return percent >= 100
    ? `LIMIT ${wanted}`
    : `TABLESAMPLE system(${percent.toFixed(6)} PERCENT) REPEATABLE (42)`
}

export function judgeColumn(column: Column, counts: ReadonlyMap<string, number>): ClassProposal | undefined {
  const kind = namedKind(column.name)
  const considered = total(counts)
  if (column.type === 'text' || column.type === 'integer') {
    const byValues = detectors
      .map((detector) => judgeValues(column, counts, { detector, kind, considered }))
      .find((proposal) => proposal !== undefined)
    if (byValues !== undefined) return byValues
  }
  return byName(column, kind, counts) ?? insideOfTexts(column, counts, considered)
}

function judgeValues(
  column: Column,
  counts: ReadonlyMap<string, number>,
  { detector, kind, considered }: { detector: Detector; kind: NamedKind | undefined; considered: number },
): ClassProposal | undefined {
  if (column.type === 'integer' && detector.integers !== true) return undefined
  const isNamed = kind === detector.named
  const wanted = isNamed ? Math.max(0.3, Math.min(0.9, detector.chance * 4)) : detector.unnamedShare
  if (wanted === undefined || counts.size < (isNamed ? 1 : fewestValues)) return undefined
  const matching = matchesOf(counts, detector)
  if (matching === 0 || matching / considered < wanted) return undefined
  const share = `${formatShare(matching / considered)} of ${considered.toLocaleString('en-US')} values`
  return {
    column: column.name,
    class: detector.class,
    detector: detector.name,
    evidence: isNamed ? 'values and name' : 'values',
    matching,
    considered,
    confidence: isNamed || detector.chance === 0 || considered >= 100 ? 'high' : 'medium',
    why: `${share} have the form of: ${detector.name}${isNamed ? ', and the name says so' : ''}`,
  }
}

function byName(
  { name, type }: Column,
  kind: NamedKind | undefined,
  counts: ReadonlyMap<string, number>,
): ClassProposal | undefined {
  const found = kind === undefined ? undefined : namedClasses[kind]
  if (found === undefined || !canHold(kind, type)) return undefined
  return {
    column: name,
    class: found.class,
    detector: found.name,
    evidence: 'name',
    matching: 0,
    considered: total(counts),
    confidence: 'medium',
    why: `the name of the column says: ${found.name}`,
  }
}

/** A name of a person is no number, and a date of birth no truth value. */
function canHold(kind: NamedKind | undefined, type: Column['type']): boolean {
  if (kind === 'person_name' || kind === 'address') return type === 'text'
  if (kind === 'birth_date') return type !== 'boolean' && type !== 'number' && type !== 'other'
  return type !== 'unknown'
}

function insideOfTexts(
  { name, type }: Column,
  counts: ReadonlyMap<string, number>,
  considered: number,
): ClassProposal | undefined {
  if (type !== 'text') return undefined
  for (const detector of textDetectors) {
    const matching = matchesOf(counts, detector)
    if (matching < 2 || matching / considered < textShare) continue
    return {
      column: name,
      class: detector.class,
      detector: detector.name,
      evidence: 'inside of texts',
      matching,
      considered,
      confidence: 'low',
      why: `${formatShare(matching / considered)} of ${considered.toLocaleString('en-US')} texts hold: ${detector.name}`,
    }
  }
  return undefined
}

function matchesOf(counts: ReadonlyMap<string, number>, { matches }: Pick<Detector, 'matches'>): number {
  let matching = 0
  for (const [value, count] of counts) if (matches(value)) matching += count
  return matching
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const count of counts.values()) sum += count
  return sum
}
