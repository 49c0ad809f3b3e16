import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createRandom } from './random.ts'
import { unifiedDiff } from './unified-diff.ts'

const skip = spawnSync('patch', ['--version']).status === 0 ? false : 'there is no `patch` on this machine'

test('is what patch applies: a hundred random edits of a file come out as they should', { skip }, () => {
  const random = createRandom(3)
  const folder = mkdtempSync(join(tmpdir(), 'devmlops-diff-'))
  for (let round = 0; round < 100; round++) {
    const before = Array.from({ length: random.below(40) + 1 }, () => `line ${random.below(9)}`)
    const after = before.flatMap((line) => {
      const draw = random.below(10)
      if (draw === 0) return []
      return draw === 1 ? [line, `new ${random.below(5)}`] : [draw === 2 ? 'changed' : line]
    })
    const [old, fresh] = [before, after].map((lines) => `${lines.join('\n')}\n`) as [string, string]
    const patch = unifiedDiff(old, fresh, { name: 'file' })
    if (patch === '') {
      assert.equal(old, fresh)
      continue
    }
    writeFileSync(join(folder, 'file'), old)
    execFileSync('patch', ['-s', '-p1'], { cwd: folder, input: `${patch}\n` })
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), fresh)
  }
})
