import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openValueReader } from '../reads.ts'
import { openValueFile, writeValueFile, type StoredValues } from './value-file.ts'

let directory = ''
before(() => (directory = mkdtempSync(join(tmpdir(), 'devmlops-values-'))))
after(() => rmSync(directory, { recursive: true }))

const header = { view: 'v', version: 1, entity: ['k'], features: ['a', 'b'], ttlMs: 1000, watermark: 50 }

async function write(name: string, entries: readonly StoredValues[]): Promise<string> {
  const path = join(directory, name)
  await writeValueFile(path, { ...header, keys: entries.length }, entries)
  return path
}

const numbered = (count: number): StoredValues[] =>
  Array.from({ length: count }, (_, i) => ({
    key: [`key ${i}`],
    at: i,
    values: [i / 3, i % 7 === 0 ? null : `text ${i}`],
  }))

describe('a file of values', () => {
  it('finds every key and no other, among tens of thousands', async () => {
    const entries = numbered(30_000)
    const file = openValueFile(await write('many.values', entries))
    for (const entry of entries) assert.deepEqual(file.get(entry.key), entry)
    for (let i = 0; i < 5000; i++) assert.equal(file.get([`other ${i}`]), undefined)
    assert.deepEqual([...file.entries()], entries)
    file.close()
  })

  it('tells keys of other types and of several columns apart, and holds long values', async () => {
    const long = 'x'.repeat(5000)
    const entries: StoredValues[] = [
      { key: [1], at: 1, values: [1, long] },
      { key: ['1'], at: 2, values: [2, null] },
      { key: ['a', 'b,c'], at: 3, values: [true, 'ü'] },
      { key: ['a,b', 'c'], at: 4, values: [null, ''] },
    ]
    const file = openValueFile(await write('odd.values', entries))
    for (const entry of entries) assert.deepEqual(file.get(entry.key), entry)
    assert.equal(file.get([-0]), undefined)
    file.close()
  })

  it('may be empty', async () => {
    const file = openValueFile(await write('empty.values', []))
    assert.equal(file.get(['a']), undefined)
    assert.deepEqual([...file.entries()], [])
    file.close()
  })

  it('is refused when it is cut short or is another file', async () => {
    const path = await write('torn.values', numbered(100))
    const size = readFileSync(path).length
    truncateSync(path, 30)
    assert.throws(() => openValueFile(path), { code: 'unreadable_data', hint: /materialize/ })
    writeFileSync(path, 'something else entirely')
    assert.throws(() => openValueFile(path), { code: 'unreadable_data' })
    assert.ok(size > 1000)
  })
})

describe('a reader of values', () => {
  it('gives what is too old as missing, at look-up and not before', async () => {
    const reader = openValueReader(await write('ttl.values', [{ key: ['a'], at: 10_000, values: [1, 'x'] }]))
    assert.deepEqual(reader.lookup(['a'], 11_000), { found: true, at: 10_000, values: { a: 1, b: 'x' } })
    assert.deepEqual(reader.lookup(['a'], 11_001), { found: true, at: 10_000, values: { a: null, b: null } })
    assert.deepEqual(reader.lookup(['b'], 11_000), { found: false, at: null, values: { a: null, b: null } })
    reader.close()
  })

  it('takes a new file with the next look-up, and stays with the old one while there is none', async () => {
    const path = await write('swap.values', [{ key: ['a'], at: 0, values: [1, null] }])
    const reader = openValueReader(path)
    assert.equal(reader.lookup(['a'], 0).values['a'], 1)
    await write('swap.values', [{ key: ['a'], at: 0, values: [2, null] }])
    assert.equal(reader.lookup(['a'], 0).values['a'], 2)
    rmSync(path)
    assert.equal(reader.lookup(['a'], 0).values['a'], 2)
    reader.close()
  })
})
