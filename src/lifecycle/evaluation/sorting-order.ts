/**
 * Row numbers in ascending order of their values; equal values keep their order. Values must not be NaN.
 *
 * A radix sort on the bits of the floats: four passes of 16 bits, each skipped when all rows share the digit.
 * Scores that were single precision share their lowest 16 bits, so they need three.
 */
export function sortingOrder(values: Float64Array): Uint32Array {
  const count = values.length
  if (count < smallCount) return rowNumbers(count).sort((a, b) => order(values, a, b))

  const { low, high } = sortableBits(values)
  let current = rowNumbers(count)
  let next = new Uint32Array(count)
  for (const [words, shift] of [
    [low, 0],
    [low, 16],
    [high, 0],
    [high, 16],
  ] as const) {
    const starts = digitStarts(words, shift)
    if (starts === undefined) continue
    for (let position = 0; position < count; position += 1) {
      const row = current[position] as number
      const digit = ((words[row] as number) >>> shift) & 0xffff
      const target = starts[digit] as number
      starts[digit] = target + 1
      next[target] = row
    }
    const spare = current
    current = next
    next = spare
  }
  return current
}

/** 0, 1, …, count - 1. */
export function rowNumbers(count: number): Uint32Array<ArrayBuffer> {
  const rows = new Uint32Array(count)
  for (let row = 0; row < count; row += 1) rows[row] = row
  return rows
}

/** Below this, clearing the digit tables costs more than comparing. */
const smallCount = 2048

function order(values: Float64Array, a: number, b: number): number {
  return (values[a] as number) - (values[b] as number) || a - b
}

/** Flips the bits of the floats so that unsigned comparison orders them (Herf, "Radix tricks", 2001). */
function sortableBits(values: Float64Array): { low: Uint32Array; high: Uint32Array } {
  const count = values.length
  const copy = new Float64Array(count)
  // Adding zero turns -0 into 0, so that the two are equal in bits too.
  for (let row = 0; row < count; row += 1) copy[row] = (values[row] as number) + 0
  const bits = new Uint32Array(copy.buffer)
  const low = new Uint32Array(count)
  const high = new Uint32Array(count)
  for (let row = 0; row < count; row += 1) {
    const lowWord = bits[2 * row] as number
    const highWord = bits[2 * row + 1] as number
    const negative = highWord >>> 31 === 1
    low[row] = negative ? ~lowWord : lowWord
    high[row] = negative ? ~highWord : highWord ^ 0x80000000
  }
  return { low, high }
}

/** Where each digit's rows start; undefined when there is only one digit. */
function digitStarts(words: Uint32Array, shift: number): Uint32Array | undefined {
  const starts = new Uint32Array(65536)
  for (let row = 0; row < words.length; row += 1) {
    const digit = ((words[row] as number) >>> shift) & 0xffff
    starts[digit] = (starts[digit] as number) + 1
  }
  if (starts[((words[0] as number) >>> shift) & 0xffff] === words.length) return undefined
  let start = 0
  for (let digit = 0; digit < 65536; digit += 1) {
    const size = starts[digit] as number
    starts[digit] = start
    start += size
  }
  return starts
}
