import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createTerminal, type CommandContext } from '#platform/terminal/index'
import { explainCommand } from './explain-command.ts'
import { flightRow, flightVariant, runProcess } from './process/fixtures/running-process.ts'

const prediction = {
  id: 'p1',
  time: 0,
  deployment: 'flights',
  variant: 'champion',
  model: 'flights',
  version: 1,
  inputs: { ...flightRow, distance: 2475, gate: null },
  outputs: {},
  latencyMs: 1,
}

/** The command with a real endpoint and what a server would say of it. */
async function explaining(t: TestContext, logged = prediction) {
  const running = await runProcess(t)
  await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants: [flightVariant(running.files, { version: 1 })] }],
  })
  const client = {
    get: async () => ({ name: 'flights', live: { url: running.process.url } }),
    prediction: async () => logged,
  }
  return async (words: readonly string[], options: Readonly<Record<string, unknown>>): Promise<string> => {
    let text = ''
    const out = { columns: 110, write: (part: string) => (text += part) }
    const context = {
      arguments: { required: () => 'flights', many: () => words },
      options: {
        text: (name: string) => options[name],
        number: (name: string) => options[name],
        flag: (name: string) => options[name] === true,
        list: (name: string) => options[name] ?? [],
      },
      terminal: createTerminal({ out, err: out, color: false }),
      json: options['json'] === true,
      client: async () => client,
    }
    await explainCommand.run(context as never as CommandContext)
    return text
  }
}

const words = ['distance=2475', 'hour=9', 'origin=JFK']

test('prints what raised and lowered the score, as a table with bars', async (t) => {
  const text = await (await explaining(t))(words, { below: 0.6, fixed: ['distance'] })
  assert.match(text, /^probability 0\.9224 {2}flights v1\n/)
  assert.match(text, /FIELD +VALUE +LOG-ODDS +POINTS/)
  assert.match(text, /distance +2475 +\+2\.475 +\+\d+\.\d +│████████/)
  assert.match(text, /origin +JFK +-1\.000 +-\d+\.\d +███│/)
  assert.match(text, /From 1\.000 \(a usual row, .*\) to 2\.475; exact\./)
  assert.match(text, /None was found with 3 changes/)
  assert.ok(text.split('\n').every((line) => line.length <= 110))
})

test('prints one JSON document on request', async (t) => {
  const answer = JSON.parse(await (await explaining(t))(words, { json: true })) as { explanations: unknown[] }
  assert.equal(answer.explanations.length, 1)
})

test('explains a logged prediction with the version that answered, and says when it is gone', async (t) => {
  const text = await (await explaining(t))([], { prediction: 'p1' })
  assert.match(text, /distance +2475/)
  assert.match(text, /gate +missing/)
  const gone = await explaining(t, { ...prediction, version: 7 })
  await assert.rejects(gone([], { prediction: 'p1' }), /answered by flights v7: .*has no version 7/)
  const others = await explaining(t, { ...prediction, deployment: 'trains' })
  await assert.rejects(others([], { prediction: 'p1' }), /made by "trains"/)
})
