import type { OutputColumn } from '../../model-runtime-point.ts'

/** The outputs of one row as JSON: a value, or a list where the model gives several per row. */
export function outputText({ width, values }: OutputColumn, type: string, row: number): string {
  if (width === 1) return valueText(values[row] as number | string | bigint, type)
  let text = '['
  for (let index = 0; index < width; index++) {
    text +=
      (index === 0 ? '' : ',') + valueText(values[row * width + index] as number | string | bigint, type)
  }
  return `${text}]`
}

/** A value as JSON. What JSON cannot say (NaN, infinity) is null. */
export function valueText(value: number | string | bigint, type: string): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return String(value)
  if (!Number.isFinite(value)) return 'null'
  if (type === 'boolean') return value === 0 ? 'false' : 'true'
  return String(value)
}
