import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importSuite } from './import-suite.ts'
import { openJudge, recording } from './recorded-suite.fixture.ts'

interface Recorded {
  readonly name: string
  readonly success: boolean
  readonly failing: number | null
}

test('says of the same rows what Pandera says', async () => {
  const recorded = recording<Recorded & { readonly yaml: string }>('pandera.json')
  const judge = await openJudge(recorded)
  try {
    for (const { name, yaml, success, failing } of recorded.results) {
      const suite = importSuite(yaml, 'schema.yaml')
      assert.equal(suite.unmapped.length, name === 'optional' ? 1 : 0, name)
      const results = await judge.judge(suite.expectations)
      const missed = results.filter(({ outcome }) => outcome !== 'pass')
      assert.equal(missed.length === 0, success, `${name}: ${JSON.stringify(missed)}`)
      const counted = missed.reduce((sum, { unexpected = 0 }) => sum + unexpected, 0)
      // Pandera counts the cells of a compound key, and every cell of a wrong type.
      if (failing !== null && !['compound', 'dtype'].includes(name)) assert.equal(counted, failing, name)
    }
  } finally {
    judge.close()
  }
})

test('says of the same rows what a validator of JSON Schema says', async () => {
  const recorded = recording<Recorded & { readonly schema: unknown }>('json-schema.json')
  const judge = await openJudge(recorded)
  try {
    for (const { name, schema, success, failing } of recorded.results) {
      const suite = importSuite(JSON.stringify(schema), 'schema.json')
      assert.deepEqual(suite.unmapped, [], name)
      const results = await judge.judge(suite.expectations)
      const missed = results.filter(({ outcome }) => outcome !== 'pass')
      assert.equal(missed.length === 0, success, `${name}: ${JSON.stringify(missed)}`)
      const [only] = missed
      if (only?.unexpected !== undefined) assert.equal(only.unexpected, failing, name)
    }
  } finally {
    judge.close()
  }
})

test('names what of a Pandera schema or a JSON Schema has no counterpart, and the reason', () => {
  const pandera = importSuite(
    `schema_type: dataframe
columns:
  a: { dtype: int64, nullable: true, my_check: 3, greater_than: { min_value: 0, error: positive, raise_warning: true } }
  ^x_.*: { dtype: float64, regex: true }
index: [{ dtype: int64 }]
checks: { my_frame_check: {} }
strict: filter
`,
    'schema.yaml',
  )
  assert.deepEqual(pandera.expectations, [
    { column_exists: ['a'] },
    { has_type: { column: 'a', type: 'integer' } },
    { between: { column: 'a', minimum: 0, strict_minimum: true }, severity: 'warn', description: 'positive' },
  ])
  assert.deepEqual(
    pandera.unmapped.map(({ name }) => name),
    ['^x_.*', 'strict: filter', 'a: my_check', 'my_frame_check', 'index'],
  )
  const schema = importSuite(
    JSON.stringify({
      type: 'array',
      items: {
        properties: {
          a: { type: 'string', format: 'email', contentEncoding: 'base64' },
          b: { type: 'object' },
          c: { type: 'number', minimum: 1, exclusiveMinimum: true, multipleOf: 3 },
        },
      },
    }),
    'schema.json',
  )
  assert.deepEqual(schema.expectations.at(-1), { between: { column: 'c', minimum: 1, strict_minimum: true } })
  assert.deepEqual(
    schema.unmapped.map(({ name }) => name),
    ['a: contentEncoding', 'b: type', 'c: multipleOf'],
  )
  assert.throws(() => importSuite('{"a": 1}', 'x.json'), /x\.json is no suite/)
  assert.throws(() => importSuite('{"a": ', 'x.json'), /neither JSON nor YAML/)
})
