import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createClient } from '#contract/client'
import { servingMigrations } from '#lifecycle/serving/index'
import { migrate, openDatabase } from '#platform/database/index'
import { createDispatch, localTransport } from '#platform/dispatch'
import { platformMigrations } from '#platform/platform.fixture'
import { createTerminal, type CommandContext } from '#platform/terminal/index'
import { monitoringCommands } from './commands.ts'
import { caller, deployment, fixture, week } from './monitoring.fixture.ts'
import { monitoringMigrations } from './tables.ts'

/** Runs commands against a real store, and answers what they print. */
async function commandLine(t: TestContext) {
  const database = await openDatabase({ path: ':memory:' })
  await migrate(database, [...platformMigrations, ...servingMigrations, ...monitoringMigrations], 0)
  const context = fixture(database)
  t.after(context.close)
  await context.serving.deploy(deployment, caller)
  const dispatch = createDispatch(context.platform)
  const transport = localTransport(context.stage.routes, dispatch, { caller })
  const run = async (
    name: string,
    words: Readonly<Record<string, string>> = {},
    json = false,
  ): Promise<string> => {
    let printed = ''
    const out = { columns: 160, write: (text: string) => (printed += text) }
    const command = monitoringCommands.find((one) => one.name === name)
    const value = (key: string): string | undefined => words[key]
    const commandContext: CommandContext = {
      arguments: { required: (key) => value(key) ?? '', optional: value, many: () => [] },
      options: {
        text: value,
        number: () => undefined,
        flag: (key) => value(key) !== undefined,
        list: () => [],
      },
      terminal: createTerminal({ out, err: { write: () => undefined }, color: false }),
      json,
      directory: '.',
      signal: new AbortController().signal,
      client: async (contract) => createClient(contract, transport),
    }
    await command?.run(commandContext)
    return printed
  }
  return { ...context, run }
}

test('shows week by week what came in, what drifted and how good the answers were', async (t) => {
  const { run, write, service } = await commandLine(t)
  const weeks = [week(0), week(1, { rate: 0.05 }), week(2, { rate: 0.05, scale: 1.609344 }), week(3)]
  await write(...weeks)
  for (const { labels } of weeks.slice(0, 3)) await service.feedback(deployment, labels, caller)

  const checked = await run('monitor run', { NAME: deployment })
  assert.match(checked, /flights {2}0 new predictions, 3 windows judged/)
  assert.match(checked, /2001-03-19 {2}firing drift: distance: mean .*miles → kilometres/)
  assert.match(checked, /retraining: held: drift of distance is firing/)

  const shown = await run('monitor show', { NAME: deployment })
  const lines = shown.split('\n')
  assert.match(lines[0] ?? '', /flights {2}2,800 predictions, 2,100 labels \(75 %\)/)
  assert.match(
    lines[1] ?? '',
    /WINDOW +VERSION +ROWS +LABELS +DRIFT +WORST COLUMN +CALIBRATION_GAP +PERFORMANCE/,
  )
  assert.match(lines[2] ?? '', /2001-03-05 – 03-12 +v1 +700 +700 +clean .* clean$/)
  assert.match(lines[4] ?? '', /2001-03-19 – 03-26 +v1 +700 +700 +breached +distance \d.* breached$/)
  assert.match(lines[5] ?? '', /2001-03-26 – 04-02 +700 +0 +open/)
  assert.match(lines[6] ?? '', /calibration_gap {2}[▁▂▃▄▅▆▇█]{3}/)

  const alerts = await run('monitor alerts')
  assert.match(
    alerts,
    /^firing {2}flights: drift of distance {2}since 2001-03-19, 1 window\n {2}distance: mean \d/,
  )
  assert.match(
    alerts,
    /\nfiring {2}flights: performance of calibration_gap within ±0\.05 {2}since 2001-03-12, 2 windows\n/,
  )
  const documents = JSON.parse(await run('monitor alerts', {}, true)) as { state: string }[]
  assert.deepEqual(
    documents.map(({ state }) => state),
    ['firing', 'firing'],
  )
  assert.match(await run('monitor'), /flights +2,800 +2,100 +3 judged +2 firing +2026-01-02/)
})

test('takes one label in words, and says whether its prediction is known', async (t) => {
  const { run, write } = await commandLine(t)
  await write(week(0))
  const words = { NAME: deployment, ID: 'w0-champion-3', LABEL: 'true' }
  assert.match(await run('feedback', words), /✓ flights: 1 new, 0 changed, 0 known already/)
  assert.deepEqual(JSON.parse(await run('feedback', { ...words, LABEL: '0' }, true)), {
    new: 0,
    changed: 1,
    unchanged: 0,
    unknown: 0,
  })
  await assert.rejects(run('feedback', { ...words, LABEL: 'late' }), { code: 'invalid_input' })
  await assert.rejects(run('feedback', { NAME: 'other', ID: 'x', LABEL: '1' }), { code: 'not_found' })
})
