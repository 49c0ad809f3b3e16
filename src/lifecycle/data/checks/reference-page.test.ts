import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { dataSection } from '../section.ts'
import { describeCheck } from './describe-check.ts'
import { checkKinds, checksOf, kindOf } from './expectation.ts'

const page = readFileSync(
  join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'reference', 'checks.md'),
  'utf8',
)

test('the reference page shows every check once, in a form that is accepted and has words', () => {
  const shown = new Set<string>()
  for (const [, fence = ''] of page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)) {
    const { data } = parse(fence) as { data: unknown }
    for (const dataset of Object.values(dataSection.schema.parse(data))) {
      for (const expectation of dataset.expectations) shown.add(kindOf(expectation))
      for (const check of checksOf(dataset)) {
        assert.doesNotMatch(describeCheck(check), /undefined|\[object|NaN/, check.kind)
      }
    }
  }
  assert.deepEqual([...shown].sort(), [...checkKinds].sort())
})

test('the reference page explains every check in its tables, and none that does not exist', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `') && /[●○]/.test(line))
  const named = rows.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map((match) => match[1] ?? ''),
  )
  assert.deepEqual(named.sort(), [...checkKinds].sort())
})
