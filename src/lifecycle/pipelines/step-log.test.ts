import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { StepLog } from './step-log.ts'

describe('the log of a step', () => {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-log-'))
  after(() => rmSync(directory, { recursive: true }))
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

  it('keeps the beginning and the end, and counts what is between', () => {
    const path = join(directory, 'a', 'long.log')
    const log = new StepLog(path, { headBytes: 10, tailBytes: 8 })
    for (const text of ['01234567', '89abcdef', 'ghij', 'klmnop', 'q']) log.write(bytes(text))
    assert.match(new TextDecoder().decode(log.snapshot()), /^0123456789/)
    log.close()
    const kept = readFileSync(path, 'utf8')
    const [, omitted] = /… (\d+) bytes/.exec(kept) ?? []
    const rest = kept.slice(kept.lastIndexOf('…') + 2)
    assert.equal(10 + Number(omitted) + rest.length, 27, 'nothing is lost uncounted')
    assert.ok(rest.length >= 8 && 'ghijklmnopq'.endsWith(rest))
    log.write(bytes('too late'))
    assert.equal(readFileSync(path, 'utf8'), kept)
  })

  it('keeps everything that fits', () => {
    const path = join(directory, 'short.log')
    const log = new StepLog(path)
    log.line('one')
    log.line('two')
    log.close()
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  })

  it('shows last lines as a terminal would: redrawn lines once, and no control codes', () => {
    const log = new StepLog(join(directory, 'bar.log'))
    log.write(bytes('start\n10%\r50%\r100%\n\u001B[31mred\u001B[0m \u0007bell\n\n'))
    assert.deepEqual(log.lastLines(2), ['100%', 'red bell'])
    log.close()
  })
})
