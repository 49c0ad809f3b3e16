import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { z } from 'zod'
import type { Download } from '#contract/endpoint'
import { DevmlopsError } from '#contract/errors'
import { fixtureCommandLine } from '#cli/command-line.fixture'
import { readConfig } from '#platform/config'
import { createLog } from '#platform/log'
import { localCaller } from '#platform/access/access'
import type { Route } from '#platform/dispatch'
import { openPlatform, type OpenPlatform } from '../src/composition/platform.ts'
import { createProgram, type Program } from '../src/composition/program.ts'
import { dataCommands } from '../src/lifecycle/data/commands.ts'
import { versionProfileSchema } from '../src/lifecycle/data/profiles/version-profile.ts'

/**
 * Every way out of the data stage is walked with a dataset whose columns carry classes. A call or command that this file
 * does not know how to use makes it fail, so that whoever adds one says what it shows.
 */

const key = 'a masking key that is long enough'
const markers = [
  /zqmark/i,
  /7771234\d/,
  /1985-03-\d/,
  /4111111111111111/,
  /DE89370400440532013000/,
  new RegExp(key),
]

const project = `project: people
data:
  people:
    source: { files: incoming/*.csv }
    key: id
    time: seen
    columns:
      email: { class: personal, mask: hash }
      name: personal
      iban: { class: personal, mask: drop }
      birth: { class: personal, mask: generalise }
      salary: { class: confidential, mask: generalise }
      faith: special
      card: personal
      note: confidential
    expectations:
      - in_set: { column: country, values: [DE, FR] }
        severity: warn
      - in_set: { column: name, values: [Ada] }
        severity: warn
      - between: { column: salary, minimum: 0, maximum: 10 }
        severity: warn
      - unique: [note]
        severity: warn
      - sql: SELECT id, email || note AS both_of_them FROM people WHERE id < 3
        severity: warn
      - sql: SELECT id FROM people WHERE CAST(note AS INTEGER) > 0
        severity: warn
  strict:
    source: { files: strict/*.csv }
    columns: { name: personal, salary: personal, note: personal }
    expectations:
      - schema: { id: integer, name: text, salary: integer, note: integer }
      - matches: { column: name, pattern: '^[A-Z]$' }
  held:
    source: { files: held/*.csv }
    contract: { types: quarantine }
    columns: { name: personal, salary: personal, note: special }
    expectations:
      - schema: { id: integer, name: text, salary: integer, note: integer }
`

const header = 'id,email,name,iban,birth,salary,faith,card,note,country,seen'

function person(id: number, changed = ''): string {
  const salary = 77712340 + (id % 10)
  return `${id},zqmark${id}${changed}@example.com,Zqmark Name${id},DE89370400440532013000,1985-03-${10 + (id % 19)},${salary},zqmarkism,4111111111111111,"zqmark note ${id % 7}",${id % 3 === 0 ? 'IT' : 'DE'},2024-01-01`
}

let directory = ''
let platform: OpenPlatform
let program: Program
const logged: string[] = []

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'devmlops-personal-'))
  for (const folder of ['incoming', 'strict', 'held']) mkdirSync(join(directory, folder))
  writeFileSync(join(directory, 'devmlops.yaml'), project)
  const config = readConfig({ home: join(directory, 'home') }, { DEVMLOPS_MASKING_KEY: key })
  platform = await openPlatform(
    config,
    createLog('debug', (line) => logged.push(line)),
  )
  program = createProgram({ platform, directory, trackingUri: () => undefined, serve: false })
  await program.start()
  writePeople(
    'a.csv',
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((id) => person(id)),
  )
})

after(async () => {
  await program.close()
  await platform.close()
  rmSync(directory, { recursive: true, force: true })
})

function writePeople(file: string, rows: readonly string[]): void {
  writeFileSync(join(directory, 'incoming', file), `${[header, ...rows].join('\n')}\n`)
}

function assertClean(text: string, where: string): void {
  for (const marker of markers) {
    const at = text.search(marker)
    const around = at < 0 ? '' : text.slice(Math.max(0, at - 120), at + 40)
    assert.ok(at < 0, `${where} shows a value that ${String(marker)} matches: …${around}…`)
  }
}

async function call(route: Route, input: object): Promise<string> {
  try {
    const sent = new Blob(['id,name,salary,note\n1,Zqmark,zqmark77712341,zqmarknote\n']).stream()
    const output = await program.dispatch(route, input, {
      caller: localCaller(),
      requestId: 'test',
      ...(route.endpoint.kind === 'upload' ? { body: sent } : {}),
    })
    if (route.endpoint.kind !== 'download') return JSON.stringify(output)
    const { body } = output as Download
    return body instanceof Uint8Array ? new TextDecoder().decode(body) : new Response(body).text()
  } catch (error) {
    // A refusal is an answer too, unless it is that this file asks wrongly.
    if (!(error instanceof DevmlopsError) || error.code === 'internal') throw error
    return JSON.stringify([error.code, error.message, error.hint, error.at])
  }
}

function routeOf(name: string): Route {
  const route = program.routes.find((one) => one.name === name)
  assert.ok(route !== undefined, `${name} is a call`)
  return route
}

/** What the fields of calls are filled with, by name. */
function valuesOf(name: string): Readonly<Record<string, unknown>> {
  return {
    name,
    dataset: name,
    version: 1,
    limit: 100,
    // What tasks leave behind is looked at in the table of jobs.
    taskId: 'none',
    tag: 'gold',
    move: true,
    working: false,
    force: false,
  }
}

/** Calls that need more than names of a dataset and of a version. */
const special: Readonly<Record<string, (folder: string) => object | Promise<object>>> = {
  'data.export': (folder) => ({
    name: 'people',
    version: 1,
    to: join(folder, 'out.csv'),
    force: true,
  }),
  'data.checkout': () => ({ name: 'people', version: 1, to: 'checked-out' }),
  'data.diffRows': () => ({ name: 'people', from: 1, to: 2, limit: 100 }),
  'data.upload': () => ({ name: 'strict', file: 'pushed.csv' }),
  'data.leakage': () => ({ train: 'people@1', test: 'people@2', label: 'country', key: ['id'] }),
  'data.rejectionFailures': async () => {
    const [rejection] = await program.services.data.rejections('strict', 10)
    return { name: 'strict', id: rejection?.id, check: '1', limit: 100 }
  },
  'data.profileSum': () => ({ name: 'people', from: 1, to: 2 }),
  'data.diff': () => ({ name: 'people', from: 1, to: 2 }),
}

/** Calls whose answers hold bytes as they are for those who may have them, and that are written down. */
const raw = new Set(['data.unmaskedRows', 'data.remoteBlock'])

void test('adding, refusing and changing rows tells nothing of columns with a class', async () => {
  const add = routeOf('data.add')
  assertClean(await call(add, { name: 'people' }), 'the first add')
  const rows = [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((id) => person(id, id < 4 ? 'x' : ''))
  writePeople('b.csv', rows.slice(10))
  assertClean(await call(add, { name: 'people' }), 'the second add')
  const files = {
    // A type that does not fit, a check that is not met, a quote that is not closed, and a row with too many fields.
    'mistyped.csv': 'id,name,salary,note\n1,Zqmark,zqmark77712341,zqmarknote\n',
    'unmet.csv': 'id,name,salary,note\n1,Zqmark Name,77712341,5\n',
    'quoted.csv': 'id,name,salary,note\n1,"Zqmark,77712341,5\n',
    'wide.csv': 'id,name,salary,note\n1,A,77712341,5\n2,zqmark,77712342,6,zqmark too many\n',
  }
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(directory, 'strict', file), text)
    assertClean(await call(add, { name: 'strict', paths: [`strict/${file}`] }), file)
  }
  assertClean(await call(routeOf('data.check'), { name: 'strict' }), 'check')
  const held =
    'id,name,salary,note\n1,Zqmark One,77712341,5\n2,Zqmark Two,zqmark77712342,6\n3,Zqmark Three,77712343,zqmark\n'
  writeFileSync(join(directory, 'held', 'some.csv'), held)
  assertClean(await call(add, { name: 'held' }), 'rows put aside')
})

void test('no call of the stage answers a value of a column with a class', async () => {
  const folder = join(directory, 'home', 'out')
  mkdirSync(folder, { recursive: true })
  const routes = program.routes.filter(({ name }) => /^(?:data|features|pipelines)\./.test(name))
  assert.ok(routes.length > 15, 'the calls were seen')
  for (const route of routes) {
    if (raw.has(route.name)) continue
    const schema = route.endpoint.input
    const fields = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
    for (const dataset of ['people', 'strict', 'held']) {
      const values = valuesOf(dataset)
      const input =
        (await special[route.name]?.(folder)) ??
        Object.fromEntries(fields.flatMap((field) => (field in values ? [[field, values[field]]] : [])))
      if (route.name.startsWith('data.')) {
        const parsed = schema.safeParse(input)
        assert.ok(
          parsed.success,
          `${route.name} needs an entry in \`special\`: ${parsed.error?.message ?? ''}`,
        )
      }
      assertClean(await call(route, input), route.name)
    }
  }
  for (const file of filesBelow(folder)) assertClean(readFileSync(file).toString('latin1'), file)
})

void test('no command of the stage prints a value of a column with a class', async () => {
  const run = fixtureCommandLine({ commands: dataCommands, stages: program.stages, platform })
  for (const command of dataCommands) {
    const words = command.name.split(' ')
    const lines = linesOf[command.name] ?? [['people'], ['strict'], ['held']]
    for (const line of lines) {
      for (const form of [[], ['--json']]) {
        const { code, out, err } = await run(...words, ...line, ...form)
        assert.notEqual(code, 1, `${command.name} ${line.join(' ')} ends with a fault: ${err}`)
        assertClean(out + err, `devmlops ${command.name} ${line.join(' ')}`)
      }
    }
  }
})

const linesOf: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'data show': [['people'], ['people@1'], ['people', '--rows', '20'], ['strict']],
  'data diff': [
    ['people', '1', '2', '--rows', '20'],
    ['people@1', 'people@2', '--rows', '20', '--key', 'name'],
    ['people', '1', '2', '--markdown'],
  ],
  'data export': [['people', '--to', 'out/again.csv', '--force']],
  'data tag': [['people@1', 'silver']],
}

void test('nothing that is stored about the rows holds them: versions, rejections, events, audit, jobs, profiles', async () => {
  await platform.events.deliver()
  const tables = await platform.database.query.introspection.getTables()
  assert.ok(tables.length > 10)
  for (const { name } of tables) {
    const rows = await platform.database.query
      .withTables<Record<string, object>>()
      .selectFrom(name)
      .selectAll()
      .execute()
    assertClean(
      JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
      `table ${name}`,
    )
  }
  const { profileDigest } = await program.services.data.get('people', 'latest')
  const bytes = await platform.blobs.get(profileDigest)
  const text = new TextDecoder().decode(bytes)
  assertClean(text, 'the stored profile')
  const profile = versionProfileSchema.parse(JSON.parse(text))
  const salary = profile.columns.find(({ name }) => name === 'salary')
  assert.equal(salary?.frequent[0]?.level, '70000000 to 79999999')
  assertClean(logged.join('\n'), 'the log')
})

void test('a class that comes later hides what was stored before, and one taken out of the project with its dataset stays', async () => {
  writeFileSync(
    join(directory, 'devmlops.yaml'),
    project.replace('    columns:\n', '    columns:\n      country: personal\n'),
  )
  const profile = JSON.parse(await call(routeOf('data.profile'), { name: 'people', version: 'latest' })) as {
    columns: { name: string; frequent: unknown[] }[]
  }
  assert.deepEqual(profile.columns.find(({ name }) => name === 'country')?.frequent, [])
  const got = await call(routeOf('data.get'), { name: 'people', version: 'latest' })
  assert.doesNotMatch(got, /"country":"IT"/)
  writeFileSync(join(directory, 'devmlops.yaml'), 'project: people\ndata: {}\n')
  assertClean(await call(routeOf('data.head'), { name: 'people', version: 'latest', limit: 10 }), 'head')
  writeFileSync(join(directory, 'devmlops.yaml'), project)
})

void test('an administrator sees the values when asking for them, and it is written down', async () => {
  const shown = await call(routeOf('data.unmaskedRows'), { name: 'people', version: 1, limit: 1 })
  assert.match(shown, /zqmark1@example\.com/)
  const audited = await platform.audit.list(10)
  assert.ok(JSON.stringify(audited).includes('data.unmaskedRows'))
  // Bytes of files, too, are for administrators alone.
  const reader = { name: 'reader', permissions: new Set(['read', 'write', 'operate'] as const) }
  const part = (await program.services.data.get('people', 1)).parts[0]
  const asked = {
    'data.unmaskedRows': { name: 'people', version: 1, limit: 1 },
    'data.checkout': { name: 'people', version: 1, to: 'elsewhere' },
    'data.remoteDocument': { name: 'people', version: 1 },
    'data.remoteBlock': { name: 'people', version: 1, digest: part?.digest },
  }
  for (const [name, input] of Object.entries(asked)) {
    await assert.rejects(
      program.dispatch(routeOf(name), input, { caller: reader, requestId: 'test' }),
      (error) => error instanceof DevmlopsError && error.code === 'permission_denied',
      name,
    )
  }
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}
