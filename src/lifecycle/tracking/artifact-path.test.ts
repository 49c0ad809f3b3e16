import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { artifactPath } from './artifact-path.ts'

describe('an artifact path', () => {
  it('may be any relative path in its normal form', () => {
    for (const path of [
      'model.onnx',
      'plots/roc curve.png',
      'a/b/c',
      '100%.txt',
      'mañana/ünïcode',
      '..gitignore',
      'a..b/c',
      '50%25',
    ]) {
      assert.equal(artifactPath(path), path)
    }
  })

  it('cannot climb out of the run in any encoding', () => {
    const climbing = [
      '',
      '/etc/passwd',
      '../x',
      'a/../b',
      'a/..',
      './a',
      'a/./b',
      'a//b',
      'a/',
      String.raw`a\..\b`,
      'C:/windows',
      'c:x',
      'file:/etc/passwd',
      'a#b',
      'a\u0000b',
      'a\nb',
      '%2e%2e/x',
      '%2E%2E%2Fx',
      'a/%2e./b',
      '%252e%252e%252fx',
      '%25252e%25252e/x',
      '%2fetc/passwd',
      'a%5c..%5cb',
      'a%00b',
      'a%23b',
      '%66ile:/etc/passwd',
      '\uFF0E\uFF0E/x',
      'a\uFF0F..\uFF0Fb',
      '%EF%BC%8E%EF%BC%8E/x',
      'x'.repeat(1001),
    ]
    for (const path of climbing) {
      assert.throws(() => artifactPath(path), { code: 'invalid_input', at: 'path' }, JSON.stringify(path))
    }
  })
})
