/**
 * The number of edits (insert, delete, replace, swap of two neighbours) that turn one word into the other: the
 * optimal string alignment form of the Damerau–Levenshtein distance (Boytsov 2011, "Indexing methods for approximate
 * dictionary searching", section 2.2.1). A swap counts once, because swapped letters are the most common slip.
 */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1]
      let best = Math.min(
        (previous[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (previous[column - 1] as number) + (same ? 0 : 1),
      )
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) best = Math.min(best, (beforePrevious[column - 2] as number) + 1)
      current.push(best)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.length] as number
}

/** Names longer than this are not compared: the distance takes time in the product of both lengths. */
const longestName = 80

/**
 * The candidate that someone who typed `name` most likely meant, or undefined when none is near. Letter case and the
 * separators `-`, `_` and space do not count; about every third letter may be wrong.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > longestName) return undefined
  const wanted = folded(name)
  if (wanted.length === 0) return undefined
  let nearest: string | undefined
  let nearestDistance: number = allowedEdits(wanted.length) + 1
  for (const candidate of candidates) {
    if (candidate.length > longestName || candidate === name) continue
    const known = folded(candidate)
    if (Math.abs(known.length - wanted.length) > nearestDistance) continue
    // The first letter is seldom mistyped, so it decides between names that are equally near.
    const distance = editDistance(wanted, known) + (known[0] === wanted[0] ? 0 : 0.5)
    // Every letter replaced is a different word, however short.
    if (distance >= nearestDistance || distance >= Math.max(wanted.length, known.length)) continue
    nearest = candidate
    nearestDistance = distance
  }
  return nearest
}

function allowedEdits(length: number): number {
  if (length <= 1) return 0
  return Math.max(1, Math.floor(length / 3))
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '')
}
