import assert from 'node:assert/strict'
import { it } from 'node:test'

it('fails on purpose', () => assert.fail('on purpose'))
