import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DevmlopsError } from '#contract/errors'
import { groupCommit } from './group-commit.ts'

describe('a group commit', () => {
  it('writes what waits at the same time together, in order, and answers each', async () => {
    const groups: number[][] = []
    const write = groupCommit<number, number>(async (group) => {
      groups.push([...group])
      await new Promise(setImmediate)
      return group.map((item) => item * 10)
    })
    const items = Array.from({ length: 450 }, (_, index) => index)
    assert.deepEqual(
      await Promise.all(items.map(write)),
      items.map((item) => item * 10),
    )
    assert.deepEqual(
      groups.map(({ length }) => length),
      [200, 200, 50],
    )
    assert.equal(await write(7), 70)
  })

  it('fails only the item at fault, and all when nothing can be written', async () => {
    const write = groupCommit<string, string>(async (group) => {
      if (group.includes('full')) throw new DevmlopsError('storage_full', 'The disk is full.')
      if (group.includes('bad')) throw new Error('bad')
      return group
    })
    const some = await Promise.allSettled(['a', 'bad', 'b'].map(write))
    assert.deepEqual(
      some.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    const none = await Promise.allSettled(['a', 'full'].map(write))
    assert.deepEqual(
      none.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.equal(await write('c'), 'c')
  })
})
