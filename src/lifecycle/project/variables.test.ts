import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DevmlopsError } from '#contract/errors'
import { readProject } from './read-project.ts'
import { testSections } from './sections.fixture.ts'
import { resolveVariables } from './variables.ts'

const text = `project: a
environment:
  TOKEN: \${API_TOKEN}
data:
  datasets:
    flights:
      source: https://\${HOST:-localhost}/\${API_TOKEN}/flights.csv
pipelines:
  train:
    steps:
      - name: fit
        run: echo $\${HOME} \${HOME}
`

test('variables stay as written until a stage asks for them', async () => {
  const project = await readProject({ text, sections: testSections })
  assert.equal(project.environment['TOKEN'], '${API_TOKEN}')
  assert.deepEqual(
    project.variables.map(({ name, at }) => `${name} ${at}`),
    [
      'API_TOKEN devmlops.yaml:3:10',
      'HOST devmlops.yaml:7:15',
      'API_TOKEN devmlops.yaml:7:15',
      'HOME devmlops.yaml:12:14',
    ],
  )
  const lookup = (name: string) => ({ API_TOKEN: 's3cret', HOME: '/root' })[name]
  const dataset = resolveVariables(project.sections.data.datasets['flights'], { lookup, project })
  assert.equal(dataset?.source, 'https://localhost/s3cret/flights.csv')
  assert.equal(dataset?.maxSize, 1_000_000_000)
  assert.doesNotMatch(JSON.stringify(project), /s3cret/)
})

test('two dollar signs keep a reference for the shell', () => {
  const source = { lookup: () => 'x', project: { variables: [] } }
  assert.equal(
    resolveVariables('$${HOME} ${HOME} $HOME ${not a name}', source),
    '${HOME} x $HOME ${not a name}',
  )
})

test('an empty variable is a value, but takes the default where there is one', () => {
  const source = { lookup: () => '', project: { variables: [] } }
  assert.equal(resolveVariables('[${A}] [${A:-b}]', source), '[] [b]')
})

test('a value is put in once and not searched again', () => {
  const source = { lookup: (name: string) => (name === 'A' ? '${B}' : 'secret'), project: { variables: [] } }
  assert.deepEqual(resolveVariables({ list: ['${A}', 3, null], '${A}': true }, source), {
    list: ['${B}', 3, null],
    '${A}': true,
  })
})

test('missing variables are named all at once, with every place, and no value of the others', async () => {
  const project = await readProject({ text, sections: testSections })
  const lookup = (name: string) => (name === 'HOME' ? 's3cret' : undefined)
  const value = [project.environment, project.sections.data, '${ELSEWHERE}', '${HOME}']
  assert.throws(
    () => resolveVariables(value, { lookup, project }),
    (error: unknown) => {
      assert.ok(error instanceof DevmlopsError)
      assert.equal(error.code, 'invalid_project')
      assert.equal(error.at, 'devmlops.yaml:3:10')
      assert.equal(
        error.message,
        'the environment variables API_TOKEN (used at devmlops.yaml:3:10, devmlops.yaml:7:15), ELSEWHERE are not set',
      )
      assert.match(error.hint ?? '', /\$\{API_TOKEN:-default\}/)
      return true
    },
  )
})
