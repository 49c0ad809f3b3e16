import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { exampleRequest, exampleRow, requestSnippets } from './example-contract.ts'
import { flightVariant, runProcess } from './process/fixtures/running-process.ts'
import { flightSignature } from './process/fixtures/small-models.ts'

const flights = { name: 'flights', signature: flightSignature }
const run = promisify(execFile)

function isPresent(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('makes a row from the signature, and takes what was stored where there is something', () => {
  const plain = { distance: 0, hour: 0, load: 0, weekend: false, origin: 'text', gate: 'text' }
  assert.deepEqual(exampleRow(flights), plain)
  const example = { distance: 719, gate: null, other: 1 }
  assert.deepEqual(exampleRow({ ...flights, example }), { ...plain, distance: 719 })
  const image = { name: 'image', type: 'float' as const, required: true, shape: [2, 1] }
  const { body } = exampleRequest(
    { name: 'm', signature: { ...flightSignature, inputs: [image] } },
    'inference',
  )
  assert.deepEqual(body, { inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 2, 1], data: [0, 0] }] })
})

test(
  'writes a request for curl that works as it stands, whatever is in it',
  { skip: !isPresent('curl') && 'curl is not here' },
  async (t) => {
    const running = await runProcess(t)
    const variants = [flightVariant(running.files, { version: 1 })]
    await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
    const example = { origin: `a 'quoted' "text" with $HOME \`and\` \\` }
    const [curl] = requestSnippets({ ...flights, example }, { url: running.process.url })
    const { stdout } = await run('sh', ['-c', curl?.text ?? ''])
    assert.equal((JSON.parse(stdout) as { predictions: unknown[] }).predictions.length, 1)
  },
)

test('writes the same for Python and TypeScript, with a token where one is asked for', () => {
  const [curl, python, typescript] = requestSnippets(flights, { url: 'http://host:5001/', hasToken: true })
  assert.match(curl?.text ?? '', /-H "authorization: Bearer \$DEVMLOPS_TOKEN"/)
  assert.match(python?.text ?? '', /json=\{"rows": \[\{"distance": 0, .*"weekend": False/)
  assert.match(python?.text ?? '', /"http:\/\/host:5001\/deployments\/flights\/predict"/)
  assert.match(
    typescript?.text ?? '',
    /createPredictionClient\(\{ url: "http:\/\/host:5001", token: process\.env\.DEVMLOPS_TOKEN \}\)/,
  )
})
