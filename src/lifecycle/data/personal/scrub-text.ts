import { hidden } from './mask-cell.ts'

const typeWords =
  /^(?:BIGINT|INT(?:EGER)?(?:32|64)?|SMALLINT|TINYINT|HUGEINT|DOUBLE|FLOAT|DECIMAL(?:\(\d+,\s?\d+\))?|VARCHAR|BOOLEAN|BOOL|DATE|TIME|TIMESTAMP|UUID|JSON|BLOB)$/

/**
 * A message without values that it quotes: what an engine says of a cell that it cannot read holds the cell. Names that
 * are known and names of types stay; of a quotation that is not closed nothing is left.
 */
export function scrubText(text: string, known: ReadonlySet<string>): string {
  // "Could not convert string 'it's' to": the value may hold quotes of its own.
  const unquoted = text.replaceAll(
    /(convert (?:string|value)|field value|date field|value|string) (?:["']).*(?:["']) (to|in|at|is|has)\b/gi,
    `$1 ${hidden} $2`,
  )
  const scrubbed = unquoted.replaceAll(
    /"([^"]*)"|(?<![A-Za-z])'([^']*)'(?![A-Za-z])/g,
    (quotation, double, single) => {
      const inner = (double ?? single) as string
      return known.has(inner) || typeWords.test(inner) ? quotation : hidden
    },
  )
  const open = (scrubbed.match(/"/g) ?? []).length % 2 === 1 ? scrubbed.lastIndexOf('"') : -1
  return open < 0 ? scrubbed : `${scrubbed.slice(0, open)}${hidden}`
}
