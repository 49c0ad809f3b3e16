import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { it } from 'node:test'

it('a failed test fails the whole run, whatever the packages of the set-up do at exit', () => {
  const { NODE_TEST_CONTEXT: _, DEVMLOPS_TEST_POSTGRES_URL: __, ...environment } = process.env
  const words = ['--conditions=source', '--test', '--test-global-setup=test/postgres.setup.ts']
  const { status, stdout } = spawnSync(process.execPath, [...words, 'test/failing-test.fixture.ts'], {
    cwd: `${import.meta.dirname}/..`,
    env: environment,
    encoding: 'utf8',
  })
  assert.match(stdout, /fail 1/)
  assert.equal(status, 1)
})
