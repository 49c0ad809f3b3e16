import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import {
  durationMs,
  formatBytes,
  formatCount,
  formatDuration,
  parseDuration,
  parseSize,
  sizeBytes,
} from './units.ts'

test('durations are read in every unit, in fractions and in sums', () => {
  const cases: [string, number][] = [
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['4w', 2_419_200_000],
    ['1.5h', 5_400_000],
    ['1h30m', 5_400_000],
    ['1h 30m', 5_400_000],
    ['0s', 0],
  ]
  for (const [text, expected] of cases) assert.equal(durationMs.parse(text), expected, text)
})

test('sizes tell decimal units from binary ones', () => {
  assert.equal(sizeBytes.parse('512B'), 512)
  assert.equal(sizeBytes.parse('10MB'), 10_000_000)
  assert.equal(sizeBytes.parse('64MiB'), 67_108_864)
  assert.equal(sizeBytes.parse('1.5 GiB'), 1_610_612_736)
  assert.equal(sizeBytes.parse('2kB'), sizeBytes.parse('2KB'))
})

test('text that is no duration or size is refused with examples of what is', () => {
  for (const text of ['', '30', 's', '-5s', '5 m', '1e3s', '30sec', '5M', '1h,30m', ' 5s', '5s\n']) {
    assert.equal(parseDuration(text), undefined, text)
  }
  for (const text of ['', '10', 'MB', '-1MB', '10mb', '10 M', '1e3B'])
    assert.equal(parseSize(text), undefined, text)

  assert.deepEqual(messages(durationMs, 30), [
    'found 30, expected a duration such as 500ms, 30s, 5m, 2h, 7d or 4w',
  ])
  assert.deepEqual(messages(sizeBytes, '10mb'), ['found "10mb", expected a size such as 512B, 10MB or 64MiB'])
  assert.deepEqual(messages(durationMs, '99999999999999w'), ['"99999999999999w" is too large'])
})

test('an amount too long for the pattern to like is answered at once', () => {
  assert.equal(parseDuration(`${'1s'.repeat(50_000)}x`), undefined)
})

test('durations are written in at most two units', () => {
  const cases: [number, string][] = [
    [0, '0ms'],
    [0.123, '0.12ms'],
    [340.4, '340ms'],
    [999.7, '1s'],
    [1_234, '1.2s'],
    [59_960, '1m'],
    [65_000, '1m 5s'],
    [3_599_900, '1h'],
    [5_400_000, '1h 30m'],
    [86_399_999, '1d'],
    [604_800_000, '7d'],
    [90_000_000, '1d 1h'],
    [-1_000, '-1s'],
  ]
  for (const [value, expected] of cases) assert.equal(formatDuration(value), expected)
})

test('a duration in whole units survives being written and read', () => {
  for (const text of ['500ms', '30s', '1m 5s', '2h 30m', '7d', '1d 1h']) {
    assert.equal(formatDuration(parseDuration(text) ?? Number.NaN), text)
  }
})

test('sizes are written with one digit where it tells something', () => {
  const cases: [number, string][] = [
    [0, '0B'],
    [512, '512B'],
    [999, '999B'],
    [1_500, '1.5kB'],
    [64_000_000, '64MB'],
    [123_456_789, '123MB'],
    [999_999_999, '1GB'],
    [2_100_000_000_000_000, '2100TB'],
  ]
  for (const [value, expected] of cases) assert.equal(formatBytes(value), expected)
})

test('counts are written with their thousands apart, as Intl would write them', () => {
  for (const count of [0, 7, 999, 1_000, 12_345, 966_409, 1_000_000, -1_234, -999, 2 ** 52]) {
    assert.equal(formatCount(count), count.toLocaleString('en-US'))
  }
})

test('the JSON Schema of a duration is text with a pattern that editors can check, and shows its default', () => {
  const schema = z.toJSONSchema(z.strictObject({ timeout: durationMs.prefault('30s') }), { io: 'input' })
  const timeout = schema.properties?.['timeout'] as { type: string; pattern: string; default: string }
  assert.equal(timeout.type, 'string')
  assert.equal(timeout.default, '30s')
  assert.match('5m', new RegExp(timeout.pattern, 'u'))
  assert.doesNotMatch('5 minutes', new RegExp(timeout.pattern, 'u'))
})

function messages(schema: z.ZodType, input: unknown): string[] {
  return schema.safeParse(input).error?.issues.map((issue) => issue.message) ?? []
}
