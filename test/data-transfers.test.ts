import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createRandom } from '#platform/random'
import { fixtureS3, type FixtureS3 } from '#platform/blobs/s3-server.fixture'
import { command, refusal, startCommand, startServer, until } from './program.fixture.ts'

interface Result {
  readonly versions: readonly { readonly version: number; readonly state: string; readonly blocks: number }[]
  readonly damaged: number
  readonly damages: readonly { readonly path: string; readonly block: string; readonly reason: string }[]
  readonly removed: readonly unknown[]
}

const folders: string[] = []
let server: FixtureS3
let environment: Record<string, string>

before(async () => {
  server = await fixtureS3({ bucket: 'team', prefix: '' })
  environment = {
    AWS_ENDPOINT_URL: server.location.endpoint,
    AWS_REGION: server.location.region,
    AWS_ACCESS_KEY_ID: server.location.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.location.secretAccessKey,
  }
})
after(async () => {
  await server.close()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A project with a dataset of some small files and some that do not compress. */
function newProject(remote: string, { files = true } = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-transfer-'))
  folders.push(directory)
  const remotes = `remotes: { origin: { url: "${remote}" } }`
  writeFileSync(
    join(directory, 'devmlops.yaml'),
    `project: x\ndata: { images: { source: { folder: images } } }\n${remotes}\n`,
  )
  if (files) fill(directory, 1)
  return directory
}

function fill(directory: string, seed: number): void {
  const random = createRandom(seed)
  const bytes = (length: number): Buffer => {
    const numbers = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random.uniform() * 2 ** 32)
    return Buffer.from(numbers.buffer, 0, length)
  }
  rmSync(join(directory, 'images'), { recursive: true, force: true })
  for (const folder of ['cats', 'dogs']) {
    mkdirSync(join(directory, 'images', folder), { recursive: true })
    for (let index = 0; index < 10; index++)
      writeFileSync(join(directory, 'images', folder, `${index}.png`), bytes(500))
    for (let index = 0; index < 2; index++) {
      writeFileSync(join(directory, 'images', folder, `${index}.bin`), bytes(1_500_000))
    }
  }
}

const run = async (directory: string, words: string): Promise<Result> => {
  const { code, answer, notes } = await command<Result>(directory, words.split(' '), environment)
  assert.equal(code, 0, `devmlops ${words}: ${notes} ${JSON.stringify(answer)}`)
  return answer
}

/** Starts a push or a pull and kills it when the bucket was asked so often. */
async function killed(directory: string, verb: 'push' | 'pull', requests: number): Promise<void> {
  const from = server.requests.length
  const { child, finished } = startCommand(directory, ['data', verb], environment)
  const asked = (): true | undefined => (server.requests.length >= from + requests ? true : undefined)
  await Promise.race([until(asked, 'requests'), finished])
  child.kill('SIGKILL')
  await finished
}

function filesOf(directory: string): Map<string, string> {
  const names = readdirSync(join(directory, 'images'), { recursive: true, withFileTypes: true })
  return new Map(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(directory.length), readFileSync(path, 'base64')] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  )
}

describe('kill -9', () => {
  it('of a push and a pull at any moment loses nothing: run again, they go on, and all is intact', async () => {
    const here = newProject('s3://team/killed')
    await run(here, 'data add images')
    for (const requests of [3, 8]) await killed(here, 'push', requests)
    assert.equal((await run(here, 'data push')).versions[0]?.version, 1)
    const there = newProject('s3://team/killed', { files: false })
    await killed(there, 'pull', 4)
    await run(there, 'data pull')
    assert.equal((await run(there, 'data verify')).damaged, 0)
    await run(there, 'data checkout images')
    assert.deepEqual(filesOf(there), filesOf(here))
  })

  it('of a collection at any moment leaves every version that is there intact', async () => {
    const here = newProject('none')
    for (let seed = 1; seed <= 3; seed++) {
      fill(here, seed)
      await run(here, 'data add images')
    }
    const words = ['data', 'gc', '--keep', '1', '--grace', '0', '--apply']
    for (const delayMs of [400, 900]) {
      const { child, finished } = startCommand(here, words, environment)
      setTimeout(() => child.kill('SIGKILL'), delayMs)
      await finished
      const { answer } = await command<Result>(here, ['data', 'verify'], environment)
      assert.equal(answer.damaged, 0)
    }
    await run(here, words.join(' '))
    assert.equal((await run(here, 'data verify')).damaged, 0)
    await run(here, 'data checkout images')
    const found = await refusal(here, ['data', 'show', 'images@1'], environment)
    assert.match(found.problem.detail, /images@1 was removed/)
  })
})

describe('a flipped bit', () => {
  it('is found with the name of the file, its version and block, and mended from the remote', async () => {
    const here = newProject('s3://team/flipped')
    await run(here, 'data add images')
    await run(here, 'data push images')
    const [block = ''] = [...server.objects.entries()]
      .filter(([key, bytes]) => key.startsWith('flipped/sha256') && bytes.length > 1_000_000)
      .map(([key]) => key.slice('flipped/'.length))
    const path = join(here, '.devmlops', 'blobs', block)
    const bytes = readFileSync(path)
    bytes[700_000] = (bytes[700_000] ?? 0) ^ 4
    chmodSync(path, 0o644)
    writeFileSync(path, bytes)
    const { exit, problem } = await refusal(here, ['data', 'verify'], environment)
    assert.deepEqual([exit, problem.code], [11, 'storage_corrupt'])
    assert.match(problem.detail, /images@1 .*\.bin/)
    assert.equal((await run(here, 'data verify --repair')).damaged, 0)
  })
})

describe('another DevMLOps server', () => {
  it('gives its versions to whoever may read them', async () => {
    const there = newProject('none')
    const other = await startServer(there, ['--port', '0', '--serving-port', '0'], {
      DEVMLOPS_TOKEN: 'of the team',
    })
    const token = { DEVMLOPS_REMOTE_TOKEN: 'of the team' }
    try {
      await command(there, ['data', 'add', 'images'], { DEVMLOPS_TOKEN: 'of the team' })
      const here = newProject(other.url, { files: false })
      const refused = await refusal(here, ['data', 'pull'], environment)
      assert.equal(refused.problem.code, 'unauthenticated')
      const { code, answer } = await command<Result>(here, ['data', 'pull'], token)
      assert.equal(code, 0)
      assert.deepEqual(
        answer.versions.map(({ version, state }) => [version, state]),
        [[1, 'moved']],
      )
      assert.equal((await run(here, 'data verify')).damaged, 0)
      await run(here, 'data checkout images')
      assert.deepEqual(filesOf(here), filesOf(there))
      const pushed = await refusal(here, ['data', 'push'], token)
      assert.match(pushed.problem.detail, /Nothing can be pushed to http/)
    } finally {
      await other.stop()
    }
  })
})
