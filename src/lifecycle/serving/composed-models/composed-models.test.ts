import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { caller, servingFixture, servingTestMigrations } from '../serving.fixture.ts'

const graph = {
  nodes: [
    { name: 'old', model: 'flights@champion' },
    { name: 'new', model: 'flights@challenger', inputs: { distance: 'old' } },
  ],
  output: { combine: 'mean', of: ['old', 'new'] },
}
const upstream = {
  upstream: 'http://127.0.0.1:1/',
  name: 'resnet',
  tensors: 'binary',
  signature: { inputs: { image: { type: 'float', shape: [3, 2, 2] } }, outputs: { scores: 'float' } },
  headers: { authorization: 'FAR_TOKEN' },
}

forEachEngine('models that are made of others', servingTestMigrations, (open) => {
  const withServing = (use: (context: ReturnType<typeof servingFixture>) => Promise<void>) => {
    return async (): Promise<void> => {
      const context = servingFixture(await open(), {
        deployments: { blend: { model: { graph }, load: 'on_demand' }, far: { model: upstream } },
        variable: () => 'Bearer secret',
      })
      try {
        await use(context)
      } finally {
        await context.close()
      }
    }
  }
  const planned = ({ applied }: ReturnType<typeof servingFixture>, name: string) =>
    applied.at(-1)?.deployments.find((deployment) => deployment.name === name)?.variants[0]
  const nodes = (context: ReturnType<typeof servingFixture>) =>
    planned(context, 'blend')?.graph?.nodes.map((node) => ('model' in node ? node.model.version : undefined))

  test(
    'pins the version of each node, follows the alias of each, and goes back to all of them together',
    withServing(async (context) => {
      const { serving, aliases } = context
      await serving.deploy('blend', caller)
      assert.partialDeepStrictEqual(planned(context, 'blend'), { version: 1, load: 'on_demand', files: [] })
      assert.deepEqual(nodes(context), [1, 2])
      aliases.set('flights@challenger', 5)
      await serving.followAlias({ model: 'flights', alias: 'challenger', reason: 'moved' }, caller)
      assert.equal(planned(context, 'blend')?.version, 2)
      assert.deepEqual(nodes(context), [1, 5])
      assert.deepEqual(
        (await serving.answering('flights')).map(({ deployment, version }) => [deployment, version]),
        [
          ['blend', 1],
          ['blend', 5],
        ],
      )
      await serving.rollback('blend', {}, caller)
      assert.deepEqual(nodes(context), [1, 2])
    }),
  )

  test(
    'is no new version when nothing has changed',
    withServing(async (context) => {
      const { serving } = context
      await serving.deploy('blend', caller)
      await serving.deploy('blend', caller)
      assert.equal(planned(context, 'blend')?.version, 1)
      assert.equal((await serving.revisions('blend')).length, 1)
    }),
  )

  test(
    'deploys a model of another server that is away, when devmlops.yaml says what it takes',
    withServing(async (context) => {
      await context.serving.deploy('far', caller)
      assert.partialDeepStrictEqual(planned(context, 'far'), {
        model: 'upstream/far',
        upstream: {
          url: 'http://127.0.0.1:1',
          inputs: [{ name: 'image', datatype: 'FP32', shape: [3, 2, 2] }],
          headers: { authorization: 'FAR_TOKEN' },
          timeoutMs: 10_000,
        },
        signature: { inputs: [{ name: 'image', type: 'float', required: true, shape: [3, 2, 2] }] },
      })
      assert.doesNotMatch(JSON.stringify(context.applied), /Bearer secret/)
      const { signature: _, ...unknown } = upstream
      context.declare({ far: { model: { ...unknown } } })
      await assert.rejects(context.serving.deploy('far', caller), {
        code: 'not_ready',
        message: /http:\/\/127\.0\.0\.1:1 does not say what the model resnet takes/,
      })
    }),
  )

  test(
    'is refused when a node has no version, and what answered before goes on',
    withServing(async (context) => {
      const { serving, aliases } = context
      await serving.deploy('blend', caller)
      aliases.delete('flights@challenger')
      await assert.rejects(serving.deploy('blend', caller), { message: /which the node new needs/ })
      assert.deepEqual(nodes(context), [1, 2])
    }),
  )
})
