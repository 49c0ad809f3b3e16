import { quoteName, quoteText, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { hidden } from './mask-cell.ts'
import { hashExpression } from './masking-key.ts'
import { ruleOf, type ColumnRule, type Masking } from './masking.ts'

export interface MaskedRelation {
  /** Stands after FROM, as the one it was made from. */
  readonly relation: string
  readonly columns: readonly Column[]
}

/**
 * A relation whose cells may leave: the same rules as `maskRow`, for what is counted or written in SQL. Call
 * `lendKey` on the connection first.
 * @param dropped what becomes of columns with the rule `drop`: left out, or kept with nothing but whether it is missing.
 */
export function maskedRelation(
  masking: Masking,
  { relation, columns }: MaskedRelation,
  dropped: 'leave out' | 'hide' = 'leave out',
): MaskedRelation {
  if (!columns.some(({ name }) => ruleOf(masking, name) !== undefined)) return { relation, columns }
  const kept = columns.filter(({ name }) => dropped === 'hide' || ruleOf(masking, name)?.action !== 'drop')
  const list = kept.map((column) => {
    const rule = ruleOf(masking, column.name)
    const name = quoteName(column.name)
    return rule === undefined ? name : `${maskExpression(column, rule, masking)} AS ${name}`
  })
  return {
    relation: `(SELECT ${list.length === 0 ? 'NULL AS nothing' : list.join(', ')} FROM ${relation})`,
    columns: kept.map((column) =>
      ruleOf(masking, column.name) === undefined
        ? column
        : { name: column.name, type: 'text', sqlType: 'VARCHAR' },
    ),
  }
}

/** Lets the expressions of `hash` work on a connection. */
export async function lendKey(tables: Tables, { key, rules }: Masking): Promise<void> {
  if ([...rules.values()].some(({ action }) => action === 'hash')) await key?.lend(tables)
}

/** A text expression for the masked value of a column; NULL where the value is missing. */
export function maskExpression(column: Column, rule: ColumnRule, { key }: Masking): string {
  const name = quoteName(column.name)
  const text = `CAST(${name} AS VARCHAR)`
  const masked = ((): string => {
    switch (rule.action) {
      case 'drop':
        return quoteText(hidden)
      case 'hash':
        return key === undefined ? formExpression(column, rule, text) : hashExpression(text)
      case 'mask':
        return formExpression(column, rule, text)
      case 'generalise':
        return generaliseExpression(column, rule, text)
    }
  })()
  return `CASE WHEN ${name} IS NOT NULL THEN ${masked} END`
}

function formExpression({ type }: Column, rule: ColumnRule, text: string): string {
  const stars = quoteText(hidden)
  if (rule.class === 'special') return stars
  const digits = `regexp_replace(${text}, '[^0-9]', '', 'g')`
  if (type === 'integer') {
    return `CASE WHEN regexp_full_match(${text}, '[0-9]{12,}') THEN ${stars} || right(${text}, 4) ELSE ${stars} END`
  }
  if (type !== 'text' && type !== 'unknown') return stars
  const domain = `substr(${text}, strpos(${text}, '@') + 1)`
  return `CASE
    WHEN regexp_full_match(${text}, '[^@\\s]+@[^@\\s]+\\.[A-Za-z]{2,}')
      THEN left(${text}, 1) || '${hidden}@' || left(${domain}, 1) || '${hidden}.' || regexp_extract(${text}, '\\.([A-Za-z]{2,})$', 1)
    WHEN regexp_matches(${text}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}') OR ${isDottedAddress(text)} THEN ${stars}
    WHEN regexp_full_match(${text}, '[+(]?[0-9][0-9 ()./-]*') THEN CASE
      WHEN length(${digits}) >= 12 THEN ${stars} || right(${digits}, 4)
      WHEN length(${digits}) >= 7 THEN ${stars} || right(${digits}, 2)
      ELSE ${stars} END
    WHEN regexp_full_match(${text}, '[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{11,}')
      THEN left(${text}, 2) || ${stars} || right(${text}, 4)
    WHEN length(${text}) >= 5 THEN left(${text}, 1) || ${stars}
    ELSE ${stars} END`
}

function isDottedAddress(text: string): string {
  return `regexp_full_match(${text}, '[0-9]{1,3}(\\.[0-9]{1,3}){3}')`
}

function generaliseExpression(column: Column, rule: ColumnRule, text: string): string {
  const stars = quoteText(hidden)
  switch (column.type) {
    case 'integer':
    case 'number':
      return bandExpression(column, rule.band)
    case 'date':
    case 'timestamp':
      return `left(${text}, ${rule.period === 'year' ? 4 : 7})`
    case 'text':
    case 'unknown':
      return `CASE
        WHEN regexp_matches(${text}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN left(${text}, ${rule.period === 'year' ? 4 : 7})
        WHEN ${isDottedAddress(text)} THEN regexp_extract(${text}, '^[0-9]+\\.[0-9]+') || '.*.*'
        WHEN length(${text}) > ${rule.prefix + 1} THEN left(${text}, ${rule.prefix}) || ${stars}
        ELSE ${stars} END`
    case 'boolean':
    case 'other':
      return stars
  }
}

function bandExpression({ name, type }: Column, band: number | undefined): string {
  const value = `CAST(${quoteName(name)} AS DOUBLE)`
  const width =
    band === undefined
      ? `(CASE WHEN ${value} = 0 THEN 10.0 ELSE pow(10.0, greatest(1, floor(log10(abs(${value}))))) END)`
      : `CAST(${band} AS DOUBLE)`
  const low = `floor(${value} / ${width}) * ${width}`
  const isWhole = type === 'integer' && (band === undefined || Number.isInteger(band))
  const high = isWhole ? `${low} + ${width} - 1` : `${low} + ${width}`
  return `CASE WHEN isfinite(${value}) THEN ${plainNumber(low)} || ' to ' || ${plainNumber(high)} ELSE ${quoteText(hidden)} END`
}

/** As JavaScript writes it: without the `.0` of a whole number. */
function plainNumber(value: string): string {
  return `regexp_replace(CAST(${value} AS VARCHAR), '\\.0$', '')`
}
