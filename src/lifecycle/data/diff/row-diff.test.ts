import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { openTables, type Tables } from '#platform/tables/index'
import { columnTypeOf } from '../rows/column-type.ts'
import type { RowSide } from './compared-columns.ts'
import { diffRows, type RowDiffCounts } from './row-diff.ts'

async function withTables<T>(use: (tables: Tables) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'devmlops-diff-'))
  const tables = await openTables({ allowedDirectories: [], temporaryDirectory: directory })
  try {
    return await use(tables)
  } finally {
    tables.close()
    await rm(directory, { recursive: true, force: true })
  }
}

async function sideOf(tables: Tables, relation: string): Promise<RowSide> {
  const [row] = await tables.rows(`SELECT count(*) AS n FROM ${relation}`)
  const described = await tables.columns(`SELECT * FROM ${relation}`)
  return {
    relation,
    rows: Number(row?.['n']),
    columns: described.map(({ name, type }) => ({ name, type: columnTypeOf(type), sqlType: type })),
  }
}

async function diffOf(from: string, to: string, key: readonly string[]): Promise<RowDiffCounts> {
  return withTables(async (tables) =>
    diffRows(tables, { from: await sideOf(tables, from), to: await sideOf(tables, to), key }),
  )
}

const nothing = { from: 0, to: 0 }

void test('tells rows that were added, removed and changed by key, and which cells', async () => {
  const diff = await diffOf(
    "(VALUES (1, 'a', 1.5, DATE '2020-01-01'), (2, 'b', 2.5, NULL), (3, 'c', NULL, NULL)) t(id, name, x, day)",
    "(VALUES (2, 'B', 2.5, NULL), (3, 'c', 3.5, DATE '2020-01-01'), (4, 'd', 0.0, NULL), (5, 'e', 0.0, NULL)) t(id, name, x, day)",
    ['id'],
  )
  assert.deepEqual(diff, {
    added: 2,
    removed: 1,
    changed: 2,
    unchanged: 0,
    repeatedKeyRows: nothing,
    cells: [
      { column: 'day', changed: 1 },
      { column: 'name', changed: 1 },
      { column: 'x', changed: 1 },
    ],
  })
})

void test('missing equals missing, NaN equals NaN, minus zero equals zero, and NaN is not missing', async () => {
  const diff = await diffOf(
    "(VALUES (1, 'nan'::DOUBLE), (2, NULL), (3, -0.0::DOUBLE), (4, 'nan'::DOUBLE), (NULL, 1.0)) t(id, x)",
    "(VALUES (1, 'nan'::DOUBLE), (2, NULL), (3, 0.0::DOUBLE), (4, NULL), (NULL, 2.0)) t(id, x)",
    ['id'],
  )
  assert.equal(diff.unchanged, 3)
  assert.equal(diff.changed, 2)
  assert.equal(diff.added + diff.removed, 0)
})

void test('a column of another type is compared by what both can hold', async () => {
  const diff = await diffOf(
    "(VALUES (1, 5, DATE '2020-01-01', 7), (2, 6, DATE '2020-01-02', 8)) t(id, n, day, code)",
    "(VALUES (1, 5.0, TIMESTAMP '2020-01-01 00:00:00', '7'), (2, 6.5, TIMESTAMP '2020-01-02 00:00:00', '08')) t(id, n, day, code)",
    ['id'],
  )
  assert.deepEqual(diff.cells, [
    { column: 'code', changed: 1 },
    { column: 'n', changed: 1 },
  ])
})

void test('a key of several columns, and a key that occurs more than once, is said and compared by whole rows', async () => {
  const diff = await diffOf(
    "(VALUES (1, 'x', 1), (1, 'x', 1), (1, 'y', 2), (2, 'x', 3), (3, 'z', 1)) t(a, b, v)",
    "(VALUES (1, 'x', 1), (1, 'x', 9), (1, 'x', 1), (1, 'y', 2), (2, 'x', 4), (4, 'q', 1), (4, 'q', 1)) t(a, b, v)",
    ['a', 'b'],
  )
  assert.deepEqual(diff, {
    added: 3,
    removed: 1,
    changed: 1,
    unchanged: 3,
    repeatedKeyRows: { from: 2, to: 5 },
    cells: [{ column: 'v', changed: 1 }],
  })
})

void test('without a key rows are a multiset', async () => {
  const diff = await diffOf(
    "(VALUES (1, 'a'), (1, 'a'), (1, 'a'), (2, 'b'), (NULL, NULL)) t(x, y)",
    "(VALUES (1, 'a'), (2, 'b'), (2, 'b'), (NULL, NULL)) t(x, y)",
    [],
  )
  assert.deepEqual([diff.added, diff.removed, diff.changed, diff.unchanged], [1, 2, 0, 3])
})

void test('agrees with a comparison row by row on random tables', async () => {
  await withTables(async (tables) => {
    for (let seed = 1; seed <= 12; seed++) {
      const isUnique = seed % 2 === 0
      const make = (side: number): string =>
        `(SELECT ${isUnique ? 'i' : `CAST(hash(i, ${seed}, 1) % 60 AS BIGINT)`} AS id,
          CASE WHEN hash(i, ${seed}, 2) % 5 = 0 THEN NULL ELSE CAST(hash(i, ${seed}, ${side} * (hash(i) % 3)) % 3 AS VARCHAR) END AS a,
          CAST(hash(i, ${seed}, 4, ${side} * (hash(i) % 2)) % 2 AS DOUBLE) AS b, 'same' AS c
        FROM range(${side * 5}, 100 + ${side * 7}) t(i))`
      const [from, to] = [await sideOf(tables, make(0)), await sideOf(tables, make(1))]
      const diff = await diffRows(tables, { from, to, key: ['id'] })
      const rows = async (relation: string): Promise<Map<unknown, string[]>> => {
        const byKey = new Map<unknown, string[]>()
        for (const row of await tables.rows(`SELECT * FROM ${relation}`)) {
          const text = JSON.stringify([row['a'], row['b'], row['c']])
          byKey.set(row['id'], [...(byKey.get(row['id']) ?? []), text])
        }
        return byKey
      }
      const [left, right] = [await rows(from.relation), await rows(to.relation)]
      const expected = { added: 0, removed: 0, changed: 0, unchanged: 0 }
      for (const id of new Set([...left.keys(), ...right.keys()])) {
        const [before, after] = [left.get(id) ?? [], right.get(id) ?? []]
        if (before.length === 1 && after.length === 1) {
          expected[before[0] === after[0] ? 'unchanged' : 'changed']++
          continue
        }
        const rest = [...after]
        for (const row of before) {
          const at = rest.indexOf(row)
          if (at < 0) expected.removed++
          else {
            rest.splice(at, 1)
            expected.unchanged++
          }
        }
        expected.added += rest.length
      }
      const { added, removed, changed, unchanged } = diff
      assert.deepEqual({ added, removed, changed, unchanged }, expected, `seed ${seed}`)
    }
  })
})

void test('a key that a side does not have is refused with the columns that there are', async () => {
  await assert.rejects(diffOf('(VALUES (1)) t(a)', '(VALUES (1)) t(b)', ['a']), /no column "a" on both sides/)
})
