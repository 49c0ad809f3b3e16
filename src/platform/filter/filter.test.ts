import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DevmlopsError } from '#contract/errors'
import { createRandom, type Random } from '#platform/random'
import { filterLimits, operators, type Filter } from './filter.ts'
import { parseFilter } from './parse-filter.ts'
import { parseOrder } from './parse-order.ts'
import { filterText, pick, randomFilter, type RandomField } from './random-filter.fixture.ts'

/** The filter without the places of its parts. */
function shape(filter: Filter | undefined): unknown {
  if (filter?.kind === 'not') return { not: shape(filter.part) }
  if (filter === undefined || filter.kind === 'comparison') {
    return filter === undefined ? undefined : [filter.prefix, filter.key, filter.operator, valueOf(filter)]
  }
  return { [filter.kind]: filter.parts.map(shape) }
}

function valueOf({ value }: Filter & { kind: 'comparison' }): unknown {
  return value?.kind === 'list' ? value.items : value?.value
}

describe('a filter', () => {
  it('is read as MLflow reads it', () => {
    const cases: readonly [
      text: string,
      prefix: string | undefined,
      key: string,
      operator: string,
      value: unknown,
    ][] = [
      ['metrics.rmse < 1', 'metrics', 'rmse', '<', 1],
      ['metrics.a.b>=-1.5E-3', 'metrics', 'a.b', '>=', -0.0015],
      ['metrics.a = .5', 'metrics', 'a', '=', 0.5],
      ['metrics.a=5.', 'metrics', 'a', '=', 5],
      ['metrics.1a > 1', 'metrics', '1a', '>', 1],
      ['metrics.`a b` != 2', 'metrics', 'a b', '!=', 2],
      ['params."x/y" = "it\'s"', 'params', 'x/y', '=', "it's"],
      ["`params`.x = '1'", 'params', 'x', '=', '1'],
      ["params.x = 'it''s'", 'params', 'x', '=', "it''s"],
      ["params.x = 'it\\'s'", 'params', 'x', '=', "it\\'s"],
      ["params.x = '--a /*b*/'", 'params', 'x', '=', '--a /*b*/'],
      ["params.x='a\nb'", 'params', 'x', '=', 'a\nb'],
      ["params.é LIKE 'ü%'", 'params', 'é', 'LIKE', 'ü%'],
      ["params.and = ''", 'params', 'and', '=', ''],
      ['tags.x IS NULL', 'tags', 'x', 'IS NULL', undefined],
      ['tags.x is not null', 'tags', 'x', 'IS NOT NULL', undefined],
      ["attr.status ilike 'f%'", 'attr', 'status', 'ILIKE', 'f%'],
      ['"Run Name" = \'x\'', undefined, 'Run Name', '=', 'x'],
      ['run_id IN (\'a\', "b")', undefined, 'run_id', 'IN', ['a', 'b']],
      ["run_id NOT IN ('a',)", undefined, 'run_id', 'NOT IN', ['a']],
      ["name NOT LIKE '%x'", undefined, 'name', 'NOT LIKE', '%x'],
      ['metrics.x not in (1, -2.5)', 'metrics', 'x', 'NOT IN', [1, -2.5]],
    ]
    for (const [text, ...expected] of cases) assert.deepEqual(shape(parseFilter(text)), expected, text)
    for (const text of [undefined, '', ' \n ']) assert.equal(parseFilter(text), undefined)
  })

  it('binds NOT more tightly than AND, and AND more than OR', () => {
    const of = (key: string) => [undefined, key, '=', 1]
    assert.deepEqual(shape(parseFilter('a=1 OR b=1 AND NOT c=1 OR d=1')), {
      or: [of('a'), { and: [of('b'), { not: of('c') }] }, of('d')],
    })
    assert.deepEqual(shape(parseFilter('NOT (a=1 OR b=1) AND c=1')), {
      and: [{ not: { or: [of('a'), of('b')] } }, of('c')],
    })
  })

  it('says what is wrong and where', () => {
    const cases = [
      ['metrics.x >', 'Invalid filter string: it ends where a number'],
      ['status = FINISHED', 'at character 10, found FINISHED'],
      ["status = 'a", "the quote at character 10 never ends: 'a"],
      ['metrics.a-b > 1', "'-b > 1' at character 10"],
      ['a = 1 b = 2', 'expected AND, OR or the end at character 7, found b'],
      ['(a = 1', 'AND, OR or ")"'],
      ['a = 1)', 'found )'],
      ['a == 1', 'at character 4'],
      ['a = 1;', "';'"],
      ['a NOT = 1', 'expected LIKE, ILIKE or IN'],
      ['a IS 1', 'expected NULL'],
      ['a IN 1', 'a list of values in parentheses'],
      ['a IN ()', 'expected a number'],
      ['AND', 'expected a field'],
      ['a = `b`', 'text in single or double quotes'],
      ["a = 'x\0'", 'NUL character at 7'],
      ['a. = 1', 'at character 2'],
    ] as const
    for (const [text, words] of cases) {
      assert.throws(
        () => parseFilter(text),
        (error: DevmlopsError) => error.code === 'invalid_input' && error.message.includes(words),
        text,
      )
    }
  })

  it('is bounded in length, depth and parts', () => {
    const many = (count: number, part: string, between: string) =>
      Array.from({ length: count }, () => part).join(between)
    const tooMuch = [
      'x'.repeat(filterLimits.textLength + 1),
      `${'('.repeat(90_000)}a = 1`,
      `${'NOT '.repeat(20_000)}a = 1`,
      many(filterLimits.comparisons + 1, 'a = 1', ' AND '),
      `a IN (${many(filterLimits.listItems + 1, '1', ',')})`,
      "'".repeat(99_999),
      `a = ${"'".repeat(90_001)}`,
      'a.'.repeat(49_000),
      `a = ${'"\\'.repeat(40_000)}`,
      '-'.repeat(90_000),
      '9'.repeat(90_000),
    ]
    for (const text of tooMuch)
      assert.throws(() => parseFilter(text), { code: 'invalid_input' }, text.slice(0, 20))
    assert.ok(parseFilter(many(filterLimits.comparisons, 'a = 1', ' OR ')))
    assert.ok(parseFilter(`a IN (${many(filterLimits.listItems, "'x'", ',')})`))
    assert.ok(parseFilter(`${'('.repeat(filterLimits.depth)}a = 1${')'.repeat(filterLimits.depth)}`))
  })
})

const fields: readonly RandomField[] = [
  { prefix: 'metrics', key: 'a.b', operators, items: [0, -1.5, 1e21, 2.5e-8] },
  {
    prefix: 'tags',
    key: 'my tag',
    operators,
    items: ['', 'x', "it's", 'say "so"', '100%', 'ü\n', 'a AND (b'],
  },
  { key: 'status', operators, items: ['FINISHED', 'or', '`'] },
  { key: 'run name', operators, items: ['a', 1] },
]

describe('any text', () => {
  it('that was written from a filter gives that filter back', () => {
    const random = createRandom(3)
    for (let round = 0; round < 500; round += 1) {
      const filter = randomFilter(random, fields)
      const text = filterText(random, filter)
      assert.deepEqual(shape(parseFilter(text)), shape(filter), text)
    }
  })

  it('is a filter or refused as one, and so with orders', () => {
    const random = createRandom(14)
    let refused = 0
    for (let round = 0; round < 3000; round += 1) {
      const text =
        round % 2 === 0 ? soup(random) : damaged(random, filterText(random, randomFilter(random, fields)))
      for (const parse of [parseFilter, parseOrder]) {
        try {
          parse(text)
        } catch (error) {
          refused += 1
          assert.ok(
            error instanceof DevmlopsError && error.code === 'invalid_input',
            `${text}: ${String(error)}`,
          )
          assert.ok(error.message.length < 400, error.message)
        }
      }
    }
    assert.ok(refused > 3000, `${refused} were refused`)
  })
})

const words =
  'metrics . a ` " \' ( ) , = != < > <= ! - 1 1e9 1e999 AND OR NOT IN IS NULL LIKE ILIKE ASC desc ; -- /* \\ % _ é 😀 $ # @ { } [ ] 0x1F __proto__ constructor'
const bits = [...words.split(' '), ' ', '  ', '\n', '\0', '\ud800', '\u202e', '\u00a0', '\ufeff']

function soup(random: Random): string {
  return Array.from({ length: random.below(20) }, () => pick(random, bits)).join('')
}

function damaged(random: Random, text: string): string {
  let changed = text
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const place = random.below(changed.length + 1)
    changed = changed.slice(0, place) + pick(random, ['', ...bits]) + changed.slice(place + random.below(3))
  }
  return changed
}
