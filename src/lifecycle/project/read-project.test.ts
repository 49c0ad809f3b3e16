import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { DevmlopsError, toProblem } from '#contract/errors'
import { defineSection } from './contract.ts'
import { issuesOf, readProject } from './read-project.ts'
import { testSections } from './sections.fixture.ts'

let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'devmlops-project-'))
})
after(() => rm(directory, { recursive: true }))

const valid = `project: flights
data:
  datasets:
    flights: { source: flights.csv }
pipelines:
  train:
    steps:
      - { name: prepare, sql: select 1, inputs: [flights], timeout: 5m }
`

test('a project file becomes typed sections with defaults, its place and its digest', async () => {
  const path = join(directory, 'devmlops.yaml')
  await writeFile(path, valid)
  const project = await readProject({ path, sections: testSections })
  assert.equal(project.name, 'flights')
  assert.equal(project.path, path)
  assert.equal(project.directory, directory)
  assert.equal(project.digest, createHash('sha256').update(valid).digest('hex'))
  // Typed: this line does not compile when the sections' types are lost.
  const step = project.sections.pipelines['train']?.steps[0]
  assert.equal(step?.timeout, 300_000)
  assert.equal(project.sections.data.datasets['flights']?.maxSize, 1_000_000_000)
  assert.deepEqual(project.sections.deployments, {})
})

test('a section with nothing under its name counts as left out, and keys for anchors belong to nobody', async () => {
  const text = 'project: a\nx-any: { thing: 1 }\ndeployments:\n  # all commented out\nenvironment:\n'
  const project = await readProject({ text, sections: testSections })
  assert.deepEqual(project.sections.deployments, {})
  assert.deepEqual(project.environment, {})
})

test('a byte order mark and Windows line ends change neither reading nor columns', async () => {
  const project = await readProject({
    text: `\uFEFF${valid.replaceAll('\n', '\r\n')}`,
    sections: testSections,
  })
  assert.equal(project.name, 'flights')
  const error = await failure('\uFEFFprojct: a\r\nproject: a\r\n')
  assert.match(
    error.message,
    /devmlops\.yaml:1:1: unknown section "projct"\n {2}1 \| projct: a\n {4}\| \^{6}\n/,
  )
})

test('one error carries all mistakes: as text, as data, and the first place', async () => {
  const error = await failure('project: a\ndta: {}\npipelins: {}\n')
  assert.equal(error.code, 'invalid_project')
  assert.equal(error.at, 'devmlops.yaml:2:1')
  assert.match(error.message, /^devmlops\.yaml has 2 mistakes\n\ndevmlops\.yaml:2:1: unknown section "dta"/)
  assert.deepEqual(
    issuesOf(error)?.issues.map(({ line, column, length, message, hint }) => ({
      line,
      column,
      length,
      message,
      hint,
    })),
    [
      { line: 2, column: 1, length: 3, message: 'unknown section "dta"', hint: 'Did you mean "data"?' },
      {
        line: 3,
        column: 1,
        length: 8,
        message: 'unknown section "pipelins"',
        hint: 'Did you mean "pipelines"?',
      },
    ],
  )
  assert.equal(toProblem(error).status, 400)
  assert.equal(issuesOf(new DevmlopsError('invalid_project', 'another')), undefined)
})

test('twenty mistakes are shown and the rest is counted', async () => {
  const lines = Array.from({ length: 250 }, (_, index) => `key${index}: 1\n`)
  const error = await failure(`project: a\n${lines.join('')}`)
  assert.match(error.message, /^devmlops\.yaml has 250 mistakes/)
  assert.match(error.message, /devmlops\.yaml:21:1: unknown section "key19"/)
  assert.doesNotMatch(error.message, /"key20"/)
  assert.match(error.message, /… and 230 more\.$/)
})

test('what version control left behind is told as such, once for each conflict', async () => {
  const conflict = `${'<'.repeat(7)} HEAD\ndata: {}\n${'='.repeat(7)}\ndata: { datasets: {} }\n${'>'.repeat(7)} main\n`
  const error = await failure(`project: a\n${conflict}${conflict}`)
  assert.match(error.message, /has 2 mistakes/)
  assert.match(error.message, /devmlops\.yaml:2:1: a merge conflict was left in the file/)
  assert.match(error.message, /devmlops\.yaml:7:1: a merge conflict was left in the file/)
})

test('aliases that unfold without end are refused', async () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (const [before, name] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh']) {
    bomb.push(`${name}: &${name} [${`*${before}, `.repeat(9)}]`)
  }
  assert.match((await failure(bomb.join('\n'))).message, /aliases unfold to more than 100 copies/)
  assert.match((await failure('project: &loop [*loop]')).message, /\*loop stands inside what it stands for/)
  assert.match((await failure(`project: ${'['.repeat(100_000)}`)).message, /nested too deeply/)
  assert.match((await failure('project: a\ndata: { <<: 3 }')).message, /after << is not a mapping/)
})

test('bytes that are not UTF-8 text are named, with the place', async () => {
  const cases: [Uint8Array, RegExp][] = [
    [Buffer.from('\uFEFFproject: a', 'utf16le'), /:1:1: the file is in UTF-16, expected UTF-8/],
    [Buffer.from('project: a\nx: caf\xE9\n', 'latin1'), /:2:7: these bytes are not UTF-8/],
    [Buffer.from('project: a\nb: \0'), /:2:4: the file has a zero byte/],
  ]
  for (const [bytes, expected] of cases) {
    const path = join(directory, 'encoding.yaml')
    await writeFile(path, bytes)
    await assert.rejects(readProject({ path, sections: testSections }), {
      code: 'invalid_project',
      message: expected,
    })
  }
})

test('a file that is missing, a folder, or far too large is refused before it is read', async () => {
  const missing = readProject({ path: join(directory, 'none.yaml'), sections: [] })
  await assert.rejects(missing, { code: 'not_found', hint: /devmlops init/ })

  await mkdir(join(directory, 'folder'))
  const folder = readProject({ path: join(directory, 'folder'), sections: [] })
  await assert.rejects(folder, { code: 'invalid_project', message: /is a folder, expected a file/ })

  const large = join(directory, 'large.yaml')
  await writeFile(large, '')
  await truncate(large, 50_000_000_000)
  const message = /large\.yaml has 50GB, expected at most 1MB/
  await assert.rejects(readProject({ path: large, sections: [] }), { code: 'invalid_project', message })
})

test('references are checked when everything they read is right, whatever else is wrong', async () => {
  const reference = 'pipelines: { p: { steps: [{ name: s, sql: x, inputs: [flihgts] }] } }\n'
  const elsewhere = await failure(`project: a\n${reference}deployments: 3\n`)
  assert.match(elsewhere.message, /has 2 mistakes/)
  assert.match(elsewhere.message, /no dataset is called "flihgts"/)

  const inData = await failure(`project: a\n${reference}data: { datasets: 3 }\n`)
  assert.match(inData.message, /has a mistake/)
  assert.doesNotMatch(inData.message, /no dataset is called/)
})

test('a section explains itself: its own messages and hints are kept', async () => {
  const windows = defineSection({
    name: 'windows',
    summary: 'Two dates.',
    example: 'windows: { from: 1, to: 2 }',
    schema: z.strictObject({ from: z.int(), to: z.int() }).superRefine(({ from, to }, context) => {
      if (from <= to) return
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: `ends at ${to}, before it starts at ${from}`,
        params: { hint: 'Swap them.' },
      })
    }),
  })
  const read = readProject({ text: 'project: a\nwindows: { from: 3, to: 2 }\n', sections: [windows] })
  const message = [
    'devmlops.yaml has a mistake',
    '',
    'devmlops.yaml:2:25: windows.to: ends at 2, before it starts at 3',
    '  1 | project: a',
    '  2 | windows: { from: 3, to: 2 }',
    '    |                         ^',
    '  Swap them.',
  ].join('\n')
  await assert.rejects(read, { message })
})

async function failure(text: string): Promise<DevmlopsError> {
  try {
    await readProject({ text, sections: testSections })
  } catch (error) {
    if (error instanceof DevmlopsError) return error
    throw error
  }
  return assert.fail('the file was accepted')
}
