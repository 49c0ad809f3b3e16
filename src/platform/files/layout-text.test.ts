import assert from 'node:assert/strict'
import { it } from 'node:test'
import { digestOf, type Digest } from '../blobs/index.ts'
import { createRandom } from '../random.ts'
import type { FileLayout, Segment } from './file-store.ts'
import { blocksOfLayout, readLayout, writeLayout } from './layout-text.ts'

const random = createRandom(7)
const digest = (text: string): Digest => digestOf(Buffer.from(text))

function layoutOf(blocks: number, count: number): FileLayout {
  const segments = Array.from({ length: count }, (_, index): Segment => {
    const sizeBytes = 1 + random.below(300_000)
    const isPacked = random.below(2) === 1
    return {
      chunk: count === 1 ? digest('file') : digest(`chunk ${index}`),
      sizeBytes,
      block: digest(`block ${random.below(blocks)}`),
      // Beyond 32 bits, and sometimes right after the one before.
      offset: random.below(3) === 0 ? 0 : random.below(2 ** 31) * 1000,
      storedBytes: isPacked ? Math.ceil(sizeBytes / 3) : sizeBytes,
      encoding: isPacked ? 'zstd' : 'plain',
    }
  })
  const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  return { digest: digest('file'), sizeBytes, segments }
}

it('a layout comes back from its text, whatever its segments', () => {
  for (let round = 0; round < 200; round++) {
    const layout = layoutOf(1 + random.below(200), random.below(300))
    const text = writeLayout(layout)
    assert.deepEqual(readLayout(layout, text), layout)
    assert.deepEqual(blocksOfLayout(text), [...new Set(layout.segments.map(({ block }) => block))])
  }
})

it('a file of one chunk takes a hundred bytes, most of them its block', () => {
  const file = digest('file')
  const segment = {
    chunk: file,
    sizeBytes: 276,
    block: digest('block'),
    offset: 19_000_000,
    storedBytes: 276,
  }
  const text = writeLayout({ digest: file, sizeBytes: 276, segments: [{ ...segment, encoding: 'plain' }] })
  assert.ok(text.length <= 100, text)
})

it('a text that was cut off is told', () => {
  const layout = layoutOf(3, 50)
  const text = writeLayout(layout)
  assert.throws(() => readLayout(layout, text.slice(0, -20)), { code: 'storage_corrupt' })
})
