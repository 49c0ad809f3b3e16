import assert from 'node:assert/strict'
import { globSync, readFileSync, existsSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '..')
const source = join(root, 'src')

/** Who may import whom, from the top of the house down. A floor may always import itself. */
const floors = {
  composition: ['server', 'cli', 'sdk', 'adapters', 'lifecycle', 'platform', 'contract'],
  server: ['platform', 'contract'],
  cli: ['platform', 'contract'],
  sdk: ['lifecycle', 'contract'],
  ui: ['pages', 'contract'],
  adapters: ['lifecycle', 'platform', 'contract'],
  pages: ['lifecycle', 'ui', 'contract'],
  lifecycle: ['platform', 'contract'],
  platform: ['contract'],
  contract: [],
} as const
type Floor = keyof typeof floors

/** The stages in the order of the loop: a stage imports only those before it. */
const stages = [
  'project',
  'data',
  'tracking',
  'pipelines',
  'features',
  'training',
  'evaluation',
  'registry',
  'serving',
  'monitoring',
  'governance',
]

/** What else of a stage may be imported from outside: its data for browsers and for threads, its light commands, its points. */
const openRooms = /^(index|(?:[a-z-]+-)?contract|commands|reads|[a-z-]+-point|plan)$/

/** What the program of the serving process is composed of. */
const processDoors = new Set(['serving-process.ts', 'handover.ts', 'http/tls-files.ts', 'tracing/tracing.ts'])

/** Where a package may be used; anything not listed may be used by any floor but `contract` and `ui`. */
const packageHomes: Readonly<Record<string, RegExp>> = {
  pg: /^platform\/database\//,
  mysql2: /^platform\/database\//,
  'read-excel-file': /^lifecycle\/data\/rows\//,
  '@duckdb/node-api': /^platform\/tables\//,
  '@grpc/grpc-js': /^lifecycle\/serving\/conformance\//,
  '@opentelemetry/api': /^lifecycle\/serving\/process\/tracing\//,
  '@opentelemetry/sdk-trace': /^lifecycle\/serving\/process\/tracing\//,
  '@opentelemetry/resources': /^lifecycle\/serving\/process\/tracing\//,
  '@opentelemetry/exporter-trace-otlp-http': /^lifecycle\/serving\/process\/tracing\//,
  'onnxruntime-node': /^adapters\/model-runtimes\//,
  hono: /^server\//,
  '@hono/node-server': /^server\//,
  aws4fetch: /^platform\/blobs\//,
  yaml: /^(?:lifecycle\/(?:project\/|registry\/mlmodel\.ts)|adapters\/mlflow\/)/,
  // Its caches are files of their own, beside the metadata store.
  'node:sqlite': /^platform\/(?:database|files)\//,
}

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

const files = globSync('**/*.{ts,tsx}', { cwd: source }).map((file) => file.replaceAll('\\', '/'))
const checked = files.filter((file) => !/\.(test|fixture)\.tsx?$|\/testing\.ts$|\/fixtures\//.test(file))
const imports = checked.flatMap(importsOf)
const internal = imports
  .filter(({ to }) => to.startsWith('src:'))
  .map((one) => ({ ...one, to: one.to.slice(4) }))

describe('the architecture', () => {
  it('is checked on real files', () => {
    assert.ok(checked.length > 100, `saw ${checked.length} files`)
    assert.ok(internal.length > 300, `saw ${internal.length} imports`)
    const missing = internal.filter(({ to }) => !files.includes(to))
    assert.deepEqual(missing, [], 'every import was resolved to a file')
  })

  it('lets imports point down only', () => {
    const wrong = internal.filter(({ from, to }) => {
      const [above, below] = [floorOf(from), floorOf(to)]
      return above !== below && !(floors[above] as readonly Floor[]).includes(below)
    })
    assert.deepEqual(wrong.map(show), [])
  })

  it('lets a stage import only stages before it, through their doors', () => {
    const wrong = internal.filter(({ from, to }) => {
      const [importer, imported] = [stageOf(from), stageOf(to)]
      if (importer === undefined || imported === undefined || importer === imported) return false
      return stages.indexOf(imported) > stages.indexOf(importer) || !isDoor(to)
    })
    assert.deepEqual(wrong.map(show), [])
  })

  it('lets everybody else enter a stage through its doors', () => {
    const wrong = internal.filter(
      ({ from, to }) => stageOf(from) === undefined && stageOf(to) !== undefined && !isDoor(to),
    )
    assert.deepEqual(wrong.map(show), [])
  })

  it('has no import cycle', () => {
    assert.deepEqual(findCycle(internal.filter(({ typeOnly }) => !typeOnly)), [])
  })

  it('keeps each package at its home', () => {
    const wrong = imports.filter(({ from, to, typeOnly }) => {
      const home = packageHomes[to]
      return home !== undefined && !home.test(from) && !typeOnly
    })
    assert.deepEqual(wrong.map(show), [])
  })

  it('keeps the contract free of Node, so that a browser can read it', () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith('contract/') && !to.startsWith('src:') && to !== 'zod',
    )
    assert.deepEqual(wrong.map(show), [])
  })

  it('names the rooms of every stage alike', () => {
    for (const stage of stages.filter((name) =>
      files.some((file) => file.startsWith(`lifecycle/${name}/`)),
    )) {
      for (const room of ['README.md', 'contract.ts', 'index.ts']) {
        assert.ok(existsSync(join(source, 'lifecycle', stage, room)), `${stage} has no ${room}`)
      }
    }
    const folders = new Set(
      files.filter((file) => file.startsWith('lifecycle/')).map((file) => file.split('/')[1]),
    )
    assert.deepEqual(
      [...folders].filter((folder) => !stages.includes(folder ?? '')),
      [],
    )
  })

  it('has no file named after nothing', () => {
    assert.deepEqual(
      files.filter((file) => /(^|\/)(utils?|helpers?|common|misc|manager|shared)([./]|$)/.test(file)),
      [],
    )
  })
})

function floorOf(file: string): Floor {
  const [top = ''] = file.split('/')
  if (/^lifecycle\/[a-z]+\/pages\//.test(file)) return 'pages'
  if (top in floors) return top as Floor
  assert.match(file, /^(main|serving)\.ts$/, `${file} stands on no floor`)
  return 'composition'
}

function stageOf(file: string): string | undefined {
  return /^lifecycle\/([a-z]+)\//.exec(file)?.[1]
}

function isDoor(file: string): boolean {
  const [, , room = '', ...deeper] = file.split('/')
  if (room === 'pages') return true
  // The serving process is a program of its own and has doors of its own: what it is put together from.
  if (room === 'process' && processDoors.has(deeper.join('/'))) return true
  return deeper.length === 0 && openRooms.test(room.replace(/\.tsx?$/, ''))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), 'utf8')
  const pattern =
    /^(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm
  return [...text.matchAll(pattern)].map(([, type, fixed, dynamic]) => ({
    from: file,
    to: resolveImport(file, fixed ?? dynamic ?? ''),
    typeOnly: type !== undefined,
  }))
}

function resolveImport(from: string, specifier: string): string {
  if (specifier.startsWith('#')) return `src:${withExtension(specifier.slice(1))}`
  if (!specifier.startsWith('.'))
    return specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
  const target = normalize(join(dirname(from), specifier)).replaceAll('\\', '/')
  if (/\.(css|svg|json)$/.test(target)) return relative(source, target)
  return `src:${withExtension(target)}`
}

function withExtension(path: string): string {
  if (/\.tsx?$/.test(path)) return path
  return files.includes(`${path}.ts`) ? `${path}.ts` : `${path}.tsx`
}

function findCycle(edges: readonly Import[]): string[] {
  const targets = Map.groupBy(edges, ({ from }) => from)
  const finished = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (finished.has(file)) return []
    for (const { to } of targets.get(file) ?? []) {
      const cycle = visit(to, [...path, file])
      if (cycle.length > 0) return cycle
    }
    finished.add(file)
    return []
  }
  for (const file of targets.keys()) {
    const cycle = visit(file, [])
    if (cycle.length > 0) return cycle
  }
  return []
}

function show({ from, to }: Import): string {
  return `${from} imports ${to}`
}
