import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aliasTrail, rollbackTarget } from './alias-trail.ts'

/** Plays `1 2 3 < < 4`: numbers set, `<` rolls back, `x` removes. Answers where the alias stands after each, `!` for refused. */
function play(script: string): string {
  const moves: { kind: 'set' | 'rollback' | 'removed'; toVersion: number | null }[] = []
  let current: number | undefined
  const places = script.split(' ').map((word) => {
    if (word === 'x') {
      moves.push({ kind: 'removed', toVersion: null })
      current = undefined
      return '-'
    }
    if (word !== '<') {
      current = Number(word)
      moves.push({ kind: 'set', toVersion: current })
      return word
    }
    const target = rollbackTarget(moves, current)
    if (target === undefined) return '!'
    moves.push({ kind: 'rollback', toVersion: target })
    current = target
    return String(target)
  })
  return places.join(' ')
}

describe('rolling an alias back', () => {
  it('goes further back each time, and not to and fro', () => {
    assert.equal(play('1 2 3 < < <'), '1 2 3 2 1 !')
  })

  it('stands on what was rolled back to when another version is set', () => {
    assert.equal(play('1 2 3 < 4 < <'), '1 2 3 2 4 2 1')
    assert.equal(play('1 2 < 2 <'), '1 2 1 2 1')
  })

  it('follows versions that come back', () => {
    assert.equal(play('1 2 1 2 < < < <'), '1 2 1 2 1 2 1 !')
  })

  it('puts a removed alias back to where it stood', () => {
    assert.equal(play('1 2 x < <'), '1 2 - 2 1')
    assert.equal(play('1 x 3 < <'), '1 - 3 1 !')
  })

  it('has nowhere to go from the first version, or from none', () => {
    assert.equal(play('1 <'), '1 !')
    assert.equal(rollbackTarget([], undefined), undefined)
    assert.deepEqual(aliasTrail([]), [])
  })
})
