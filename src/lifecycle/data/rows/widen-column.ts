import type { Column } from './column-type.ts'

/** The narrowest column that holds the values of both without loss; text holds all. */
export function widenColumn(known: Column, other: Column): Column {
  if (other.type === 'unknown' || known.sqlType === other.sqlType) return known
  if (known.type === 'unknown') return other
  const { name } = known
  const types = new Set([known.type, other.type])
  if (known.type === other.type) return { name, type: known.type, sqlType: widerSqlType(known, other) }
  if (types.has('integer') && types.has('number'))
    return { name, type: 'number', sqlType: numberType(known, other) }
  if (types.has('date') && types.has('timestamp')) return known.type === 'timestamp' ? known : other
  return { name, type: 'text', sqlType: 'VARCHAR' }
}

function widerSqlType(left: Column, right: Column): string {
  if (left.type === 'integer') return integerType(left.sqlType, right.sqlType)
  return left.type === 'number' ? numberType(left, right) : left.sqlType
}

const sizes = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT']

function integerType(left: string, right: string): string {
  const [one, two] = [left, right].map((type) => {
    const isUnsigned = type.startsWith('U')
    const size = sizes.indexOf(isUnsigned ? type.slice(1) : type)
    return { isUnsigned, size }
  }) as [{ isUnsigned: boolean; size: number }, { isUnsigned: boolean; size: number }]
  if (one.isUnsigned === two.isUnsigned) return one.size >= two.size ? left : right
  // The next size holds an unsigned number with its sign.
  const signed = Math.max(...[one, two].map(({ isUnsigned, size }) => (isUnsigned ? size + 1 : size)))
  return sizes[Math.min(signed, sizes.length - 1)] ?? 'HUGEINT'
}

const integerDigits: Readonly<Record<string, number>> = { TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 19 }

/** Decimals stay exact as long as both fit into 38 digits. */
function numberType(left: Column, right: Column): string {
  const [one, two] = [left.sqlType, right.sqlType].map(digitsOf)
  if (one === undefined || two === undefined) return 'DOUBLE'
  const scale = Math.max(one.scale, two.scale)
  const precision = Math.max(one.whole, two.whole) + scale
  return precision <= 38 ? `DECIMAL(${precision},${scale})` : 'DOUBLE'
}

function digitsOf(sqlType: string): { whole: number; scale: number } | undefined {
  const [, precision, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(sqlType) ?? []
  if (precision !== undefined) return { whole: Number(precision) - Number(scale), scale: Number(scale) }
  const whole = integerDigits[sqlType]
  return whole === undefined ? undefined : { whole, scale: 0 }
}
