/**
 * The lines that differ between two texts, as `diff -u` writes them; empty when none do. For files of some thousand lines:
 * the longest common subsequence is computed on what is left after the common beginning and end.
 */
export function unifiedDiff(
  before: string,
  after: string,
  { name, context = 3 }: { name: string; context?: number },
): string {
  if (before === after) return ''
  const changes = lineChanges(linesOf(before), linesOf(after))
  const lines = [`--- a/${name}`, `+++ b/${name}`]
  for (const hunk of hunksOf(changes, context)) {
    const [first] = hunk
    if (first === undefined) continue
    const old = hunk.filter(({ sign }) => sign !== '+').length
    const fresh = hunk.filter(({ sign }) => sign !== '-').length
    lines.push(`@@ -${first.oldLine},${old} +${first.newLine},${fresh} @@`)
    for (const { sign, text } of hunk) lines.push(`${sign}${text}`)
  }
  return lines.join('\n')
}

/** A text ends with a line break; what follows that is no line. */
function linesOf(text: string): string[] {
  const lines = text.split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

interface Line {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
  readonly oldLine: number
  readonly newLine: number
}

function lineChanges(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++
  }
  const middle = commonLines(before.slice(start, before.length - end), after.slice(start, after.length - end))
  const lines: Line[] = []
  let oldLine = 1
  let newLine = 1
  const push = (sign: Line['sign'], text: string): void => {
    lines.push({ sign, text, oldLine, newLine })
    if (sign !== '+') oldLine++
    if (sign !== '-') newLine++
  }
  for (const text of before.slice(0, start)) push(' ', text)
  for (const { sign, text } of middle) push(sign, text)
  for (const text of before.slice(before.length - end)) push(' ', text)
  return lines
}

function commonLines(before: readonly string[], after: readonly string[]): Pick<Line, 'sign' | 'text'>[] {
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? (lengths[(i + 1) * width + j + 1] as number) + 1
          : Math.max(lengths[(i + 1) * width + j] as number, lengths[i * width + j + 1] as number)
    }
  }
  const lines: Pick<Line, 'sign' | 'text'>[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: ' ', text: before[i] as string })
      i++
      j++
    } else if (
      i < before.length &&
      (j === after.length ||
        (lengths[(i + 1) * width + j] as number) >= (lengths[i * width + j + 1] as number))
    ) {
      lines.push({ sign: '-', text: before[i++] as string })
    } else lines.push({ sign: '+', text: after[j++] as string })
  }
  return lines
}

/** Runs of changes with the lines around them; runs whose surroundings touch are one. */
function hunksOf(lines: readonly Line[], context: number): Line[][] {
  const near = new Uint8Array(lines.length)
  lines.forEach(({ sign }, at) => {
    if (sign !== ' ') near.fill(1, Math.max(0, at - context), at + context + 1)
  })
  const hunks: Line[][] = []
  lines.forEach((line, at) => {
    if (near[at] !== 1) return
    if (near[at - 1] === 1) hunks.at(-1)?.push(line)
    else hunks.push([line])
  })
  return hunks
}
