import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closedWindows, windowAt } from './window.ts'

const dayMs = 86_400_000
const at = (text: string): number => Date.parse(text)

test('weeks start on Monday, and a start belongs to its window while an end does not', () => {
  const week = { start: '2001-04-02T00:00:00.000Z', end: '2001-04-09T00:00:00.000Z' }
  assert.deepEqual(windowAt(at('2001-04-02T00:00:00Z'), 7 * dayMs), week)
  assert.deepEqual(windowAt(at('2001-04-08T23:59:59.999Z'), 7 * dayMs), week)
  assert.equal(windowAt(at('2001-04-09T00:00:00Z'), 7 * dayMs).start, week.end)
  assert.equal(windowAt(at('1969-12-31T12:00:00Z'), dayMs).start, '1969-12-31T00:00:00.000Z')
})

test('lists the windows that have ended, and not the one that still runs', () => {
  const closed = closedWindows(at('2001-06-13T10:00:00Z'), at('2001-06-30T23:59:00Z'), 7 * dayMs)
  assert.deepEqual(
    closed.map((window) => window.start.slice(0, 10)),
    ['2001-06-11', '2001-06-18'],
  )
  assert.deepEqual(closedWindows(at('2001-06-13T10:00:00Z'), at('2001-06-01T00:00:00Z'), dayMs), [])
})
