import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeMessages } from './event-stream.ts'

test('messages are whole however the stream is cut', () => {
  const stream = 'event: ping\ndata: \n\nid: 1\ndata: {"a":1}\n\ndata: two\ndata: lines\n\ndata: half'
  for (let cut = 0; cut <= stream.length; cut++) {
    const first = takeMessages(stream.slice(0, cut))
    const second = takeMessages(first.rest + stream.slice(cut))
    assert.deepEqual([...first.messages, ...second.messages], ['{"a":1}', 'two\nlines'], `cut at ${cut}`)
    assert.equal(second.rest, 'data: half')
  }
})

test('line ends of other systems are understood', () => {
  assert.deepEqual(takeMessages('data: a\r\n\r\n').messages, ['a'])
})
