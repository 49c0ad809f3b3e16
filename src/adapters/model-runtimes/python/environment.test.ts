import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { childEnvironment } from '#platform/config'
import { environmentStore } from './environment.ts'
import { readRequirements } from './requirements.ts'

/** Stands for Python: `-m venv` copies it, and `-m pip` fails where a wheel is asked for. Real ones take seconds. */
const script = `#!/bin/sh
case "$2" in
  venv) sleep 0.1; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  pip) if grep -q whl requirements.txt; then echo "no such file: missing.whl"; exit 1; fi ;;
esac
`

function store(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'python-environments-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const command = join(directory, 'python')
  writeFileSync(command, script, { mode: 0o755 })
  const open = () =>
    environmentStore({ directory, environment: childEnvironment({}), buildTimeoutMs: 60_000 })
  const request = {
    label: 'flights v1',
    interpreter: { name: 'python', command, version: '3.11.7' },
    requirements: { files: { 'requirements.txt': '# nothing\n' }, key: 'key' },
  }
  return { folder: join(directory, 'key'), open, request }
}

describe(
  'a Python environment',
  { skip: process.platform === 'win32' ? 'the stand-in is a shell script' : false },
  () => {
    it('is built once, though two processes ask at once, and found by a later one', async (t) => {
      const { folder, open, request } = store(t)
      // Two stores stand for two processes: each has its own idea of what is being built.
      const [first, second] = await Promise.all([open().python(request), open().python(request)])
      assert.equal(first, second)
      const log = readFileSync(join(folder, 'build.log'), 'utf8')
      assert.equal(log.match(/-m venv/g)?.length, 1)
      const before = readFileSync(join(folder, 'environment.json'), 'utf8')
      assert.equal(await open().python(request), first)
      assert.equal(readFileSync(join(folder, 'environment.json'), 'utf8'), before)
    })

    it('is built anew where a process died over it', async (t) => {
      const { folder, open, request } = store(t)
      mkdirSync(join(folder, 'venv', 'bin'), { recursive: true })
      writeFileSync(join(folder, 'venv', 'bin', 'python'), 'half a file', { mode: 0o755 })
      const python = await open().python(request)
      assert.equal(readFileSync(python, 'utf8'), script)
      assert.ok(existsSync(join(folder, 'environment.json')))
    })

    it('that cannot be built says what the build said, and may be tried again', async (t) => {
      const { folder, open, request } = store(t)
      const requirements = { files: { 'requirements.txt': './missing.whl\n' }, key: 'key' }
      await assert.rejects(open().python({ ...request, requirements }), {
        code: 'not_ready',
        message:
          /^flights v1: its requirements could not be installed: it ended with code 1\. .*\n(.*\n)*.*missing\.whl/,
        hint: /build\.log/,
      })
      assert.ok(!existsSync(join(folder, 'environment.json')))
      assert.ok(existsSync(await open().python(request)))
    })
  },
)

describe('the requirements of a model', () => {
  const facts = { python: '3.11.7', mlflow: '3.17.2' }

  it('name MLflow, which loads it, once', () => {
    const lines = (text: string): string =>
      readRequirements({ 'requirements.txt': text }, facts).files['requirements.txt'] ?? ''
    assert.equal(lines('numpy==2.4.6\r\n'), 'numpy==2.4.6\nmlflow==3.17.2\n')
    for (const named of ['mlflow==2.1', 'mlflow-skinny>=3', 'mlflow[extras]', 'MLflow'])
      assert.equal(lines(`${named}\nscipy`), `${named}\nscipy\n`)
    assert.equal(lines('mlflow-export-import'), 'mlflow-export-import\nmlflow==3.17.2\n')
    assert.equal(readRequirements({}, { ...facts, mlflow: undefined }).files['requirements.txt'], 'mlflow\n')
  })

  it('share an environment when they are equal, for one minor version of Python', () => {
    const key = (text: string, python = '3.11.7'): string =>
      readRequirements({ 'requirements.txt': text }, { ...facts, python }).key
    assert.equal(key('numpy==1'), key('numpy==1\n', '3.11.9'))
    assert.notEqual(key('numpy==1'), key('numpy==1', '3.12.1'))
    assert.notEqual(key('numpy==1'), key('numpy==2'))
  })
})
