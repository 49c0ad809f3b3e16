import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSourceUri } from './model-source-uri.ts'

const run = '0123456789abcdef0123456789abcdef'

describe('the source of a version', () => {
  it('is read as what clients name', () => {
    const read = {
      'models:/m-1': { kind: 'logged model', modelId: 'm-1' },
      'models:/flights/3': { kind: 'version', name: 'flights', reference: '3' },
      'models:/a@b@champion': { kind: 'version', name: 'a@b', reference: 'champion' },
      [`runs:/${run}/model`]: { kind: 'run', runId: run },
      [`mlflow-artifacts:/0/${run}/artifacts/model`]: { kind: 'proxied', runId: run },
      'mlflow-artifacts:/0/models/m-1/artifacts/': { kind: 'proxied', modelId: 'm-1' },
      'mlflow-artifacts:/somewhere/else': { kind: 'proxied' },
      'mlflow-artifacts://other:5000/0/x': { kind: 'foreign' },
      's3://bucket/a model/x': { kind: 'foreign' },
      'dbfs:/x': { kind: 'foreign' },
    }
    for (const [source, expected] of Object.entries(read)) {
      assert.deepEqual(parseSourceUri(source), expected, source)
    }
  })

  it('is never a path of this machine, nor one that climbs in any decoded form', () => {
    const refused = [
      '/etc/passwd',
      'model',
      'dummy-source',
      '',
      'file:///etc/passwd',
      'FILE:/etc/passwd',
      'C:\\models',
      's3://bucket',
      's3://bucket/',
      's3:path',
      's3://bucket/../x',
      's3://bucket/./x',
      's3://bucket/%2e%2e/x',
      's3://bucket/%252e%252e%252fx',
      's3://bucket/%25252e./x',
      's3://bucket/x%00',
      'mlflow-artifacts:/..%2f..%2fetc',
      `runs:/${run}`,
      `runs://host/${run}/model`,
      'models:/',
      'models://host/m-1',
      'models:/a/b/c',
      'models:/a/ ',
      'models:/a@',
      `s3://bucket/${'x'.repeat(5000)}`,
    ]
    for (const source of refused) {
      assert.throws(() => parseSourceUri(source), { code: 'invalid_input', at: 'source' }, source)
    }
  })
})
