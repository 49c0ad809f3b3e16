import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from './random.ts'
import { unifiedDiff } from './unified-diff.ts'

/** What `patch` does: each hunk must stand exactly where it says, with the lines that it says. */
function patched(before: string, diff: string): string {
  const lines = before.split('\n').slice(0, -1)
  const result: string[] = []
  let at = 0
  let [left, right] = [0, 0]
  for (const line of diff.split('\n').slice(2)) {
    const hunk = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line)
    if (hunk !== null) {
      assert.deepEqual([left, right], [0, 0], 'the hunk before had as many lines as it said')
      const [oldLine, oldCount, newLine, newCount] = hunk.slice(1).map(Number) as [
        number,
        number,
        number,
        number,
      ]
      while (at < oldLine - 1) result.push(lines[at++] as string)
      assert.equal(result.length, newLine - 1)
      ;[left, right] = [oldCount, newCount]
      continue
    }
    const text = line.slice(1)
    if (line[0] !== '+') {
      assert.equal(lines[at++], text)
      left--
    }
    if (line[0] !== '-') {
      result.push(text)
      right--
    }
  }
  return [...result, ...lines.slice(at), ''].join('\n')
}

test('is what makes one text of the other: two hundred random edits', () => {
  const random = createRandom(3)
  for (let round = 0; round < 200; round++) {
    const before = Array.from({ length: random.below(40) + 1 }, () => `line ${random.below(9)}`)
    const after = before.flatMap((line) => {
      const draw = random.below(10)
      if (draw === 0) return []
      return draw === 1 ? [line, `new ${random.below(5)}`] : [draw === 2 ? 'changed' : line]
    })
    const [old, fresh] = [before, after].map((lines) => `${lines.join('\n')}\n`) as [string, string]
    const diff = unifiedDiff(old, fresh, { name: 'file' })
    if (diff === '') assert.equal(old, fresh)
    else if (after.length > 0) assert.equal(patched(old, diff), fresh)
  }
})

test('shows three lines around a change, and one hunk where they touch', () => {
  const lines = Array.from({ length: 20 }, (_, at) => `l${at}`)
  const changed = lines.map((line, at) => (at === 5 || at === 10 ? `${line}!` : line))
  const diff = unifiedDiff(`${lines.join('\n')}\n`, `${changed.join('\n')}\n`, { name: 'x.yaml' })
  assert.equal(
    diff
      .split('\n')
      .filter((line) => line.startsWith('@@'))
      .join(),
    '@@ -3,12 +3,12 @@',
  )
  assert.equal(unifiedDiff('a\n', 'a\n', { name: 'x' }), '')
})
