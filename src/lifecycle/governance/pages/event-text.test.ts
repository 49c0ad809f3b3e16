import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventDetail, eventTone, eventVerb, subjectOf } from './event-text.ts'

const event = (type: string, subject: string, payload: Record<string, unknown> = {}) => ({
  type,
  subject,
  payload,
})

test('an event reads as a sentence and leads to what it is about', () => {
  const moved = event('model.alias_set', 'model/flights', { alias: 'champion', version: 2, reason: 'it won' })
  assert.equal(eventVerb(moved), 'moved an alias of')
  assert.equal(eventDetail(moved), 'champion → v2 · it won')
  assert.deepEqual(subjectOf(moved), { name: 'flights', href: '/models/flights' })

  const arrived = event('data.arrived', 'dataset/flights@3', { version: 3, rows: 1500 })
  assert.equal(eventDetail(arrived), '1,500 rows')
  assert.deepEqual(subjectOf(arrived), { name: 'flights@3', href: '/data/flights/versions/3' })

  const firing = event('alert.firing', 'alert/5141-2001', { deployment: 'flights', subject: 'distance' })
  assert.deepEqual(subjectOf(firing), { name: 'distance of flights', href: '/endpoints/flights' })
})

test('how something ended decides its colour', () => {
  assert.equal(eventTone(event('run.finished', 'run/1', { status: 'FINISHED' })), 'good')
  assert.equal(eventTone(event('run.finished', 'run/1', { status: 'FAILED' })), 'bad')
  assert.equal(eventTone(event('pipeline.finished', 'pipeline-run/1', { state: 'cancelled' })), 'quiet')
})

test('an event that nobody foresaw is shown all the same', () => {
  const unknown = event('quota.used_up', 'team/red')
  assert.equal(eventVerb(unknown), 'used up quota')
  assert.deepEqual(subjectOf(unknown), { name: 'team/red' })
})
