import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageOf } from '#contract/errors'
import { createPipelinesSection } from './index.ts'
import { readPipelines } from './stage.fixture.ts'
import { runForm } from './step-kinds/run-step.ts'

/** The message for a project whose only pipeline has these steps. */
async function mistakeIn(steps: string, parameters = '{}'): Promise<string> {
  const indented = steps.trim().replaceAll(/^/gm, '      ')
  const text = `project: p\ndata: { flights: {} }\npipelines:\n  train:\n    parameters: ${parameters}\n    steps:\n${indented}\n`
  return readPipelines(text).then(() => 'no mistake', messageOf)
}

describe('the section pipelines', () => {
  it('accepts every field, and its own example', async () => {
    const text = `
a:
  run: [python, train.py]
  inputs: { rows: data.flights@3, notes: file:notes.txt }
  outputs: { model: model.onnx, plots: plots/ }
  parameters: { depth: 3, days: $days }
  retries: 2
  retry_delay: 5s
  timeout: 1h
  environment: [HF_HOME]
  code: ['src/**/*.py']
  seed: 7
  cache: false
b: { sql: SELECT 1, inputs: { model: a.model }, outputs: [x], needs: [a] }
c: { run: cat, inputs: { x: b } }
`
    assert.equal(await mistakeIn(text, '{ days: 3 }'), 'no mistake')
    const { example } = createPipelinesSection([runForm])
    await readPipelines(`project: p\n${example}`)
  })

  it('shows the place of a name that points at nothing, and the name that was meant', async () => {
    const cases: [string, RegExp[]][] = [
      ['a: { sql: x.sql, inputs: { f: data.flihgts } }', [/no dataset is called "flihgts"/, /flights/]],
      [
        'prepare: { sql: x.sql, outputs: [t] }\nb: { sql: y.sql, inputs: { t: preprae.t } }',
        [/no step is called "preprae"/, /prepare/],
      ],
      [
        'a: { sql: x.sql, outputs: [training] }\nb: { sql: y.sql, inputs: { t: a.trainnig } }',
        [/no output "trainnig"/, /training/],
      ],
      [
        'a: { sql: x.sql, outputs: [t, u] }\nb: { sql: y.sql, inputs: { t: a } }',
        [/makes 2 outputs; say which one/, /a\.t, a\.u/],
      ],
      ['a: { run: ls }\nb: { run: ls, inputs: { t: a } }', [/makes no output/]],
      ['a: { run: ls, needs: [b] }', [/no step is called "b"/]],
      ['a: { run: ls, inputs: { t: "???" } }', [/expected data\.NAME/]],
      ['a: { run: ls, parameters: { d: $day } }', [/no parameter "day"/]],
      ['data: { run: ls }', [/cannot be called "data"/]],
      [
        'a: { run: ls, needs: [c] }\nb: { run: ls, needs: [a] }\nc: { run: ls, needs: [b] }',
        [/wait for each other: a → c → b → a/],
      ],
    ]
    for (const [steps, patterns] of cases) {
      const message = await mistakeIn(steps)
      for (const pattern of [...patterns, /devmlops\.yaml:\d+:\d+/, /\^/]) {
        assert.match(message, pattern, steps)
      }
    }
  })

  it('says which kinds there are when a step has none, and refuses two', async () => {
    assert.match(await mistakeIn('a: { inputs: {} }'), /"sql" or "run"/)
    assert.match(
      await mistakeIn('a: { sql: x.sql, run: ls }'),
      /"run".*cannot stand together|cannot stand together/,
    )
    assert.match(await mistakeIn('a: { run: ls, timeout: 5 }'), /a duration such as/)
  })
})
