import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fixtureCommandLine } from '#cli/command-line.fixture'
import { createRegistryStage, registryMigrations } from '#lifecycle/registry/index'
import { createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import { migrate, openDatabase } from '#platform/database/index'
import { encodeModel, floatTensor, node, value, type Property, type Tensor } from '#platform/onnx/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { modelImportCommands } from './commands.ts'
import { prepareImport } from './import-model.ts'

const folder = mkdtempSync(join(tmpdir(), 'import-test-'))
after(() => rmSync(folder, { recursive: true }))

/** y = 2 a + 3 b, its weights within the file or said to be somewhere else. */
function linear(external?: Record<string, string>): Uint8Array {
  const inside = floatTensor('weights', [2, 1], [2, 3])
  const { rawData: _, ...rest } = inside
  const outside: Tensor = {
    ...rest,
    dataLocation: 1,
    externalData: Object.entries(external ?? {}).map(([key, text]): Property => ({ key, value: text })),
  }
  return encodeModel({
    irVersion: 8,
    producerName: 'sheet',
    producerVersion: '2',
    docString: 'Twice this and three times that',
    opsetImport: [{ version: 17 }],
    metadataProps: [{ key: 'feature_names', value: '["a", "b"]' }],
    graph: {
      name: 'g',
      input: [value('X', 'float', ['N', 2])],
      initializer: [external === undefined ? inside : outside],
      node: [node({ type: 'MatMul' }, { inputs: ['X', 'weights'], outputs: ['variable'] })],
      output: [value('variable', 'float', ['N', 1])],
    },
  })
}

function put(name: string, content: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const prepare = (path: string, more: Partial<Parameters<typeof prepareImport>[0]> = {}) =>
  prepareImport({ path, tolerance: 1e-5, ...more })

describe('a file that is imported', () => {
  it('says its columns, its producer and what it is made of', async () => {
    const { signature, report, files } = await prepare(put('linear.onnx', linear()))
    assert.deepEqual(signature, {
      inputs: [
        { name: 'a', type: 'float', required: true },
        { name: 'b', type: 'float', required: true },
      ],
      outputs: [{ name: 'prediction', type: 'float' }],
    })
    assert.equal(report.producer, 'sheet 2')
    assert.deepEqual(report.opsets, { 'ai.onnx': 17 })
    assert.deepEqual(report.metadata, { feature_names: '["a", "b"]' })
    assert.deepEqual(report.renamed, [['variable', 'prediction']])
    assert.deepEqual([...files.keys()], ['model.onnx', 'original/linear.onnx'])
  })

  it('takes other names for its columns, as many as it has', async () => {
    const path = put('named.onnx', linear())
    const { signature } = await prepare(path, { columns: ['x', 'y'] })
    assert.deepEqual(
      signature.inputs.map(({ name }) => name),
      ['x', 'y'],
    )
    await assert.rejects(prepare(path, { columns: ['x'] }), {
      code: 'invalid_input',
      message: /2 columns, and 1/,
    })
  })

  it('brings the files beside it along, and is served as one', async () => {
    const weights = new Float32Array([9, 2, 3])
    mkdirSync(join(folder, 'parts'), { recursive: true })
    put('parts/weights.bin', new Uint8Array(weights.buffer))
    const path = put('parted.onnx', linear({ location: 'parts/weights.bin', offset: '4', length: '8' }))
    const { files, report } = await prepare(path, {
      scores: put('parted.csv', 'a,b,prediction\n1,1,5\n10,0,20\n'),
    })
    assert.deepEqual([...files.keys()], ['model.onnx', 'original/parted.onnx', 'original/parts/weights.bin'])
    assert.deepEqual(report.parity?.outputs[0]?.largestDifference, 0)
  })

  it('is compared with what its trainer gave, row by row', async () => {
    const path = put('parity.onnx', linear())
    const scores = put('scores.csv', 'a,b,variable\n1,1,5\n1,2,8.5\n2,1,7.000001\n')
    const { report } = await prepare(path, { scores })
    assert.equal(report.parity?.passed, false)
    const [compared] = report.parity?.outputs ?? []
    assert.equal(compared?.rowsBeyond, 1)
    assert.deepEqual(compared?.worstRows, [{ row: 1, expected: 8.5, got: 8 }])
    assert.equal((await prepare(path, { scores, tolerance: 0.1 })).report.parity?.passed, true)
    await assert.rejects(prepare(path, { scores: put('other.csv', 'a,b\n1,2\n') }), {
      code: 'invalid_input',
      message: /no column for any output/,
    })
    await assert.rejects(prepare(path, { scores: put('less.csv', 'a,prediction\n1,2\n') }), {
      code: 'invalid_input',
      message: /no column "b"/,
    })
  })
})

describe('a file that nobody should trust', () => {
  const refused: readonly [string, () => string, RegExp][] = [
    ['cut off', () => put('cut.onnx', linear().slice(0, 90)), /not an ONNX file/],
    ['of another format', () => put('words.onnx', 'this is a text, not a model'), /not an ONNX file/],
    ['empty', () => put('empty.onnx', ''), /not an ONNX file/],
    ['a folder', () => folder, /is not a file/],
    ['not there', () => join(folder, 'nowhere.onnx'), /There is no file/],
    [
      'with tensors in a file above',
      () => put('up.onnx', linear({ location: '../secret' })),
      /outside of the model's folder/,
    ],
    [
      'with tensors anywhere',
      () => put('root.onnx', linear({ location: '/etc/passwd' })),
      /outside of the model's folder/,
    ],
    [
      'with tensors on another drive',
      () => put('drive.onnx', linear({ location: 'C:\\x' })),
      /outside of the model's folder/,
    ],
    [
      'with tensors in a file that is not there',
      () => put('gone.onnx', linear({ location: 'gone.bin' })),
      /not beside it/,
    ],
    [
      'with a link that leads out',
      () => {
        symlinkSync('/etc/hostname', join(folder, 'link.bin'))
        return put('link.onnx', linear({ location: 'link.bin' }))
      },
      /leads outside/,
    ],
    [
      'with more tensors than its file has',
      () => {
        put('short.bin', 'abcd')
        return put('short.onnx', linear({ location: 'short.bin', length: '8' }))
      },
      /ends at byte 8 of "short\.bin", which has 4/,
    ],
    [
      'with tensors at no place',
      () => put('minus.onnx', linear({ location: 'parts/weights.bin', offset: '-4' })),
      /names no place/,
    ],
    [
      'larger than ONNX can be',
      () => {
        const path = put('huge.onnx', 'x')
        truncateSync(path, 2 ** 31 + 10)
        return path
      },
      /ends at 2 GiB/,
    ],
  ]
  for (const [what, make, message] of refused) {
    it(`is refused: ${what}`, async () => {
      await assert.rejects(prepare(make()), (error: Error & { code: string }) => {
        assert.match(error.message, message)
        assert.ok(
          ['unreadable_data', 'not_found', 'payload_too_large', 'invalid_input'].includes(error.code),
          error.code,
        )
        return true
      })
    })
  }
})

describe('devmlops models import', () => {
  let run: ReturnType<typeof fixtureCommandLine>
  let close: () => Promise<void>
  let registry: ReturnType<typeof createRegistryStage>['service']

  before(async () => {
    const database = await openDatabase({ path: ':memory:' })
    await migrate(database, [...platformMigrations, ...trackingMigrations, ...registryMigrations], 0)
    const opened = fixturePlatform(database)
    close = opened.close
    const tracking = createTrackingStage({ platform: opened.platform })
    const stage = createRegistryStage({ platform: opened.platform, tracking: tracking.service })
    registry = stage.service
    run = fixtureCommandLine({
      commands: modelImportCommands,
      stages: [tracking.stage, stage.stage],
      platform: opened.platform,
    })
  })
  after(() => close())

  it('registers a version with its report, and points an alias to it', async () => {
    const path = put('good.onnx', linear())
    const scores = put('good.csv', 'a,b,prediction\n1,1,5\n')
    const { code, out, err } = await run(
      'models',
      'import',
      path,
      '--name',
      'sums',
      '--scores',
      scores,
      '--alias',
      'challenger',
    )
    assert.equal(code, 0, err)
    assert.match(out, /good\.onnx is sums version 1, and sums@challenger/)
    const version = await registry.getVersion('sums', 'challenger')
    assert.deepEqual(version.artifacts.map((artifact) => artifact.path).toSorted(), [
      'import.json',
      'model.onnx',
      'original/good.onnx',
    ])
    assert.match(version.card, /1 rows, tolerance 0\.00001: passed/)
    assert.match(version.lineage.parameters['parity'] ?? '', /^passed: 1 rows/)
    const report = await registry.readArtifact({ model: 'sums', reference: '1' }, 'import.json')
    assert.equal((JSON.parse(Buffer.from(report).toString()) as { producer: string }).producer, 'sheet 2')
  })

  it('refuses one that scores otherwise, unless it is told to take it', async () => {
    const words = [
      'models',
      'import',
      put('bad.onnx', linear()),
      '--name',
      'bad',
      '--scores',
      put('bad.csv', 'a,b,prediction\n1,1,6\n'),
    ]
    const refused = await run(...words)
    assert.equal(refused.code, 7)
    assert.match(refused.err, /does not score as its trainer did: "prediction" differs in 1 of 1 rows/)
    await assert.rejects(registry.getVersion('bad', '1'), { code: 'not_found' })
    const taken = await run(...words, '--allow-difference')
    assert.equal(taken.code, 0, taken.err)
    assert.match((await registry.getVersion('bad', '1')).card, /\*\*not passed\*\*, taken all the same/)
  })
})
