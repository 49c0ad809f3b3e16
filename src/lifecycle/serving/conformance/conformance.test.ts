import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DevmlopsError } from '#contract/errors'
import { controlToken, flightVariant, runProcess } from '../process/fixtures/running-process.ts'
import { startFaultyServer, type Fault } from './faulty-server.fixture.ts'
import { reportText } from './report-text.ts'
import { runConformance, type ConformanceReport } from './run-conformance.ts'

/** Each fault, and a case that must find it. */
const faults: Readonly<Record<Fault, string>> = {
  'not live': 'core.server-live',
  'no list of extensions': 'core.server-metadata',
  'other name in the metadata': 'core.model-metadata',
  'forgets the id': 'core.infer-id',
  'reads only the first of nested data': 'core.infer-nested',
  'answers outputs that were not asked for': 'core.infer-wanted',
  'turns rows around': 'core.infer-rows',
  'says another datatype than the metadata': 'core.infer-outputs',
  'shape and data disagree': 'core.infer',
  'knows every model': 'errors.unknown-model',
  'faults are its own': 'errors.datatype',
  'errors without text': 'errors.not-json',
  'believes any count': 'errors.count',
  'breaks off': 'errors.overflow',
  hangs: 'errors.negative-size',
  'big-endian': 'binary.outputs',
  'keeps binary outputs in JSON': 'binary.all-outputs',
  'believes any binary size': 'binary.lying-size',
  'lists what is not ready': 'repository.index-ready',
  'loads anything': 'repository.load-unknown',
  'counts nothing': 'statistics.count',
}

describe('devmlops conformance', () => {
  it('finds nothing wrong with a small server that does all that it should', async (test) => {
    const report = await runConformance({ url: await startFaultyServer(test), mayUnload: false })
    assert.deepEqual(failed(report), [])
    assert.equal(report.conforms, true)
    assert.equal(report.model, 'sums')
  })
  for (const [fault, id] of Object.entries(faults)) {
    it(`finds a server that has this fault: ${fault}`, async (test) => {
      const url = await startFaultyServer(test, fault as Fault)
      const report = await runConformance({ url, timeoutMs: fault === 'hangs' ? 150 : 5000 })
      assert.ok(failed(report).includes(id), `${id} is not among ${failed(report).join(', ')}`)
      const result = report.cases.find((one) => one.id === id)
      assert.ok((result?.exchanges.length ?? 0) > 0, 'nothing is shown of what was sent')
      assert.equal(report.conforms, result?.required === false)
      assert.match(reportText(report), new RegExp(`FAIL  ${id.replaceAll('.', '\\.')}`))
    })
  }
  it('finds nothing wrong with our own process, over REST and gRPC', async (test) => {
    const running = await runProcess(test, { grpcPort: 0 })
    await running.putPlan({
      revision: 1,
      deployments: [{ name: 'flights', variants: [flightVariant(running.files, { version: 1 })] }],
    })
    const report = await runConformance({
      url: running.process.url,
      grpcAddress: running.process.grpcAddress,
      token: controlToken,
      mayUnload: true,
    })
    assert.deepEqual(failed(report), [])
    assert.deepEqual(
      report.cases.filter(({ result }) => result === 'skip').map(({ id }) => id),
      ['binary.raw'],
    )
  })
  it('says when nobody answers', async () => {
    await assert.rejects(runConformance({ url: 'http://127.0.0.1:9' }), (error: unknown) => {
      assert.ok(error instanceof DevmlopsError)
      assert.equal(error.code, 'server_unreachable')
      return true
    })
  })
})

function failed({ cases }: ConformanceReport): readonly string[] {
  return cases.filter(({ result }) => result === 'fail').map(({ id }) => id)
}
