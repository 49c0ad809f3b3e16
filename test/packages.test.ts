import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

interface Package {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '..', name), 'utf8'))

describe('the packages that are installed', () => {
  const own = read('package.json') as Package
  const { packages } = read('package-lock.json') as { packages: Record<string, Package> }

  it('are locked by digest, and not to the registry of one machine', () => {
    assert.ok(Object.keys(packages).length > 50)
    for (const [path, { resolved, integrity }] of Object.entries(packages)) {
      if (path === '') continue
      assert.equal(resolved, undefined, path)
      assert.match(integrity ?? '', /^sha512-/, path)
    }
  })

  it('are the ones that package.json names, each in one exact version', () => {
    const { dependencies, devDependencies } = packages[''] ?? {}
    assert.deepEqual(
      { dependencies, devDependencies },
      {
        dependencies: own.dependencies,
        devDependencies: own.devDependencies,
      },
    )
    for (const [name, wanted] of Object.entries({ ...own.dependencies, ...own.devDependencies })) {
      assert.match(wanted, /^\d+\.\d+\.\d+/, name)
      assert.equal(packages[`node_modules/${name}`]?.version, wanted, name)
    }
  })
})

describe('the program that is built', () => {
  it('has what TypeScript does not copy', () => {
    const { scripts = {} } = read('package.json') as { scripts?: Readonly<Record<string, string>> }
    const source = globSync('src/**/*.py', { cwd: join(import.meta.dirname, '..') }).filter(
      (file) => !file.endsWith('.fixture.py'),
    )
    assert.deepEqual(source, ['src/adapters/model-runtimes/python/scoring_worker.py'])
    for (const file of source)
      assert.ok(scripts['build:program']?.includes(file.replace(/^src/, 'dist')), file)
  })
})
