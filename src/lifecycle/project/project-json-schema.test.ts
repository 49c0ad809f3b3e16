import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineSection } from './contract.ts'
import { exampleProject, lenientPlaces, projectJsonSchema } from './project-json-schema.ts'
import { readProject } from './read-project.ts'
import { testSections } from './sections.fixture.ts'

type Json = Readonly<Record<string, unknown>>

/** Follows property names into a schema; `*` is any name, `[]` any entry. */
function at(schema: Json, ...names: readonly string[]): Json {
  let found = schema
  for (const name of names) {
    const key = name === '*' ? 'additionalProperties' : name === '[]' ? 'items' : 'properties'
    const next = found[key] as Json
    found = (key === 'properties' ? next[name] : next) as Json
  }
  return found
}

test('the examples of the sections make a project file that is right', async () => {
  const text = exampleProject('flights', testSections)
  assert.match(text, /^# yaml-language-server: \$schema=\.\/devmlops\.schema\.json\n\nproject: flights\n/)
  const project = await readProject({ text, sections: testSections })
  assert.deepEqual(Object.keys(project.sections.pipelines), ['train'])
})

test('the JSON Schema describes what a user writes, section by section', () => {
  const schema = projectJsonSchema(testSections)
  assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema')
  assert.deepEqual(Object.keys(schema['properties'] as Json), [
    'project',
    'environment',
    'data',
    'pipelines',
    'deployments',
  ])
  // Sections with a default may be left out.
  assert.deepEqual(schema['required'], ['project'])
  assert.equal(
    at(schema, 'data')['description'],
    'Datasets: where they come from and what they must look like.',
  )
  assert.equal(at(schema, 'project')['title'], 'Project name')
  assert.match(String(at(schema, 'project')['description']), /Lower-case/)
})

test('the JSON Schema refuses the same mistakes: unknown fields, wrong choices, durations without a unit', () => {
  const schema = projectJsonSchema(testSections)
  assert.equal(schema['additionalProperties'], false)
  assert.deepEqual(Object.keys(schema['patternProperties'] as Json), ['^x-'])

  const dataset = at(schema, 'data', 'datasets', '*')
  assert.equal(dataset['additionalProperties'], false)
  assert.deepEqual(dataset['required'], ['source'])
  assert.deepEqual(at(dataset, 'format')['enum'], ['csv', 'tsv', 'json', 'ndjson', 'parquet'])

  const steps = at(schema, 'pipelines', '*', 'steps')
  assert.equal(steps['minItems'], 1)
  const [sql, run] = at(steps, '[]')['anyOf'] as Json[]
  assert.deepEqual(
    [sql?.['required'], run?.['required']],
    [
      ['name', 'sql'],
      ['name', 'run'],
    ],
  )
  const timeout = at(sql ?? {}, 'timeout')
  assert.equal(timeout['default'], '1h')
  assert.doesNotMatch('30', new RegExp(String(timeout['pattern'])))
})

test('a section that would let a misspelt field pass is found', () => {
  const lenient = defineSection({
    name: 'loose',
    summary: 'Too kind.',
    example: 'loose: []',
    schema: z.array(z.strictObject({ inner: z.object({ a: z.string() }).optional() })),
  })
  assert.deepEqual(lenientPlaces([...testSections, lenient]), ['loose[].inner'])
})
