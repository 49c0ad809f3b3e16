import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editProject } from './edit-project.ts'

const project = `# The taxi project
project: taxi   # its name

data:
  trips:
    source: { files: incoming/*.csv }

    expectations:
      # fares are what they are
      - between: { column: fare, maximum: 500 } # dollars
        severity: warn
      - in_set:
          column: vendor
          values: [1, 2] # Creative Mobile, VeriFone

      - not_null: [vendor, fare]

  zones:
    source: { files: zones.csv }
    # no key yet
  empty: { source: { files: x.csv } }
  started:
    source: { files: y.csv }
    expectations: []   # later

pipelines: {}
`

const list = ['data', 'trips', 'expectations'] as const

test('adds an item behind the others, and changes no other byte', () => {
  const edited = editProject(project, [
    { kind: 'append', path: list, value: { unique: 'id', severity: 'warn' }, comment: '10,000 of 10,000' },
  ])
  const added = '      # 10,000 of 10,000\n      - unique: id\n        severity: warn\n'
  assert.equal(edited, project.replace('[vendor, fare]\n', `[vendor, fare]\n${added}`))
})

test('makes the list where there is none, or an empty one', () => {
  const value = { in_set: { column: 'a', values: ['x', "it's", 'no'] } }
  const zones = editProject(project, [{ kind: 'append', path: ['data', 'zones', 'expectations'], value }])
  const line = `      - in_set: { column: a, values: [x, it's, no] }\n`
  assert.ok(zones.includes(`files: zones.csv }\n    expectations:\n${line}`), zones)
  const started = editProject(project, [{ kind: 'append', path: ['data', 'started', 'expectations'], value }])
  assert.ok(started.includes(`files: y.csv }\n    expectations:\n${line}`), started)
  const empty = editProject(project, [{ kind: 'append', path: ['data', 'empty', 'expectations'], value }])
  assert.match(empty, /# The taxi project/)
  assert.match(empty, /# fares are what they are/)
})

test('changes a value in place, in a mapping on one line and in one on several', () => {
  const edited = editProject(project, [
    { kind: 'set', path: [...list, 0, 'between', 'maximum'], value: 700 },
    { kind: 'set', path: [...list, 1, 'in_set', 'values'], value: [1, 2, 4] },
    { kind: 'set', path: [...list, 0, 'between', 'minimum'], value: -10.5 },
    { kind: 'set', path: [...list, 1, 'severity'], value: 'warn' },
  ])
  const expected = project
    .replace('maximum: 500 }', 'maximum: 700, minimum: -10.5 }')
    .replace(
      '[1, 2] # Creative Mobile, VeriFone\n',
      '[1, 2, 4] # Creative Mobile, VeriFone\n        severity: warn\n',
    )
  assert.equal(edited, expected)
})

test('refuses what is no YAML', () => {
  assert.throws(() => editProject('a: [', [{ kind: 'set', path: ['a'], value: 1 }]), /cannot be changed/)
})
