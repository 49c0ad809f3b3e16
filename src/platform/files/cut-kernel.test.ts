import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRandom } from '../random.ts'
import { createCutKernel } from './cut-kernel.ts'
import { cutPlainly, cutRule, gearTable } from './cut-rule.ts'

const { minBytes, normalBytes, maxBytes } = cutRule
const gear = gearTable()
const kernel = createCutKernel(3_000_000)

function noise(length: number, seed: number): Uint8Array {
  const random = createRandom(seed)
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random.integer())
  return new Uint8Array(words.buffer, 0, length)
}

function cutsOf(bytes: Uint8Array): number[] {
  kernel.bytes.set(bytes)
  const cuts: number[] = []
  for (let at = 0; at < bytes.length;) cuts.push((at = kernel.cut(at, bytes.length)))
  return cuts
}

function plainCutsOf(bytes: Uint8Array): number[] {
  const cuts: number[] = []
  for (let at = 0; at < bytes.length;) cuts.push((at += cutPlainly(bytes.subarray(at), gear)))
  return cuts
}

describe('the kernel that cuts', () => {
  it('cuts random bytes where the rule in plain words cuts them', () => {
    const bytes = noise(2_500_000, 1)
    assert.deepEqual(cutsOf(bytes), plainCutsOf(bytes))
  })

  it('does so for every length around the bounds', () => {
    const bytes = noise(maxBytes + 10, 2)
    for (const bound of [0, minBytes, normalBytes, maxBytes]) {
      for (let length = Math.max(1, bound - 3); length <= bound + 3; length++) {
        assert.deepEqual(
          cutsOf(bytes.subarray(0, length)),
          plainCutsOf(bytes.subarray(0, length)),
          `${length}`,
        )
      }
    }
  })

  it('does so where the bytes have little in them', () => {
    const text = Buffer.from(Array.from({ length: 60_000 }, (_, row) => `${row},${row % 7},cash\n`).join(''))
    for (const bytes of [new Uint8Array(700_001), new Uint8Array(700_001).fill(255), text])
      assert.deepEqual(cutsOf(bytes), plainCutsOf(bytes))
  })

  it('keeps chunks between the bounds, and about as long as they should be', () => {
    const cuts = cutsOf(noise(3_000_000, 3))
    const sizes = cuts.map((cut, index) => cut - (cuts[index - 1] ?? 0))
    assert.ok(sizes.slice(0, -1).every((size) => size > minBytes && size <= maxBytes))
    const mean = 3_000_000 / sizes.length
    assert.ok(mean > 50_000 && mean < 100_000, `${mean}`)
  })

  it('moves only the cuts near an insertion', () => {
    const bytes = noise(2_000_000, 4)
    const middle = 1_000_000
    const inserted = Buffer.concat([bytes.subarray(0, middle), noise(1000, 5), bytes.subarray(middle)])
    const before = new Set(cutsOf(bytes).map((cut) => (cut > middle ? cut + 1000 : cut)))
    const moved = cutsOf(inserted).filter((cut) => !before.has(cut))
    assert.ok(moved.length <= 4, `${moved.length} of ${before.size} cuts moved`)
  })

  it('cuts as it always did: other cuts would store every large file anew', () => {
    const text = Buffer.from(
      Array.from({ length: 40_000 }, (_, row) => `${row * 7919},${row % 13}\n`).join(''),
    )
    assert.deepEqual(cutsOf(text), [120783, 191655, 264769, 341846, 426740, 450634, 475194])
  })
})
