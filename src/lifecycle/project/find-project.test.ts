import assert from 'node:assert/strict'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { findProject } from './find-project.ts'

let directory = ''
before(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'devmlops-find-')))
  await mkdir(join(directory, 'outer/inner/deep'), { recursive: true })
  await mkdir(join(directory, 'misnamed'))
  await mkdir(join(directory, 'odd/devmlops.yaml'), { recursive: true })
  await writeFile(join(directory, 'outer/devmlops.yaml'), 'project: outer\n')
  await writeFile(join(directory, 'outer/inner/devmlops.yaml'), 'project: inner\n')
  await writeFile(join(directory, 'misnamed/devmlops.yml'), 'project: misnamed\n')
})
after(() => rm(directory, { recursive: true }))

test('the nearest project file at or above a folder is found', async () => {
  assert.equal(await findProject(join(directory, 'outer')), join(directory, 'outer/devmlops.yaml'))
  assert.equal(
    await findProject(join(directory, 'outer/inner/deep')),
    join(directory, 'outer/inner/devmlops.yaml'),
  )
})

test('a path to a file is taken as it is', async () => {
  const path = join(directory, 'misnamed/devmlops.yml')
  assert.equal(await findProject(path), path)
})

test('without a project file up to the root, the error says how to get one', async () => {
  await assert.rejects(findProject(directory), { code: 'not_found', hint: /^Run `devmlops init`/ })
})

test('a file under nearly the right name is pointed out', async () => {
  const hint = `Rename ${join(directory, 'misnamed/devmlops.yml')} to devmlops.yaml.`
  await assert.rejects(findProject(join(directory, 'misnamed')), { code: 'not_found', hint })
})

test('a folder that does not exist and a folder in place of the file are told apart', async () => {
  await assert.rejects(findProject(join(directory, 'nowhere')), {
    code: 'not_found',
    message: /^There is no folder/,
  })
  await assert.rejects(findProject(join(directory, 'odd')), {
    code: 'invalid_project',
    message: /is a folder/,
  })
})
