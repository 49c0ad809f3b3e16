import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parametersIn, statementsOf } from './sql-text.ts'

describe('SQL text', () => {
  it('finds parameters, and not what only looks like one', () => {
    const sql = `
      SELECT $days, '$no', "$no", 'it''s $no', $$ $no $$, $tag$ $no; $tag$, e'\\' $no' -- $no
      /* $no /* $no */ $no */ FROM t WHERE x > $rate
    `
    assert.deepEqual(parametersIn(sql), ['days', 'rate'])
  })

  it('splits statements and knows the line on which each begins', () => {
    const sql = "\n-- first\nSELECT ';';\n/* ; */\n\nSELECT 2\n;;\n  SELECT 3 -- end"
    assert.deepEqual(
      statementsOf(sql, {}).map(({ line, text }) => [line, text.split('\n').at(-1)]),
      [
        [3, "SELECT ';'"],
        [6, 'SELECT 2'],
        [8, 'SELECT 3 -- end'],
      ],
    )
  })

  it('puts values in as literals that cannot end early', () => {
    const [statement] = statementsOf('SELECT $text, 1 -$number, $flag', {
      text: "x'; DROP TABLE t; --",
      number: -5,
      flag: true,
    })
    assert.equal(statement?.text, "SELECT 'x''; DROP TABLE t; --', 1 -(-5), true")
  })

  it('suggests the parameter that was meant', () => {
    assert.throws(() => statementsOf('SELECT $train_dyas', { train_days: 1 }), {
      code: 'invalid_input',
      hint: 'Did you mean $train_days?',
    })
  })
})
