import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { pathParameters } from '#contract/endpoint'
import { errorTable } from '#contract/errors'
import { openapiDocument } from '#server/openapi'
import type { Program } from './program.ts'
import { fixtureProgram } from './program.fixture.ts'

interface JsonObject {
  readonly [key: string]: unknown
}

describe('the calls of the program', () => {
  let program: Program
  let close: () => Promise<void>
  let document: JsonObject
  before(async () => {
    const fixture = await fixtureProgram()
    program = fixture.program
    close = fixture.close
    // As it arrives: what cannot be written as JSON is not in the document.
    document = JSON.parse(JSON.stringify(openapiDocument(program.routes, '1.2.3'))) as JsonObject
  })
  after(() => close())

  it('are all there, each under a name and a path of its own', () => {
    assert.ok(program.routes.length > 40, `saw ${program.routes.length}`)
    const names = program.routes.map(({ name }) => name)
    const places = program.routes.map(
      ({ endpoint }) => `${endpoint.method} ${endpoint.path.replaceAll(/:\w+/g, ':')}`,
    )
    assert.deepEqual(names, [...new Set(names)])
    assert.deepEqual(places, [...new Set(places)])
    for (const { name, endpoint } of program.routes) {
      assert.match(endpoint.path, /^\/api\/v1\/[a-z:A-Z/-]+$/, name)
      assert.match(endpoint.summary, /^[A-Z].*[^.]$/, `${name}: "${endpoint.summary}"`)
    }
  })

  it('are described by a document that has the parts that OpenAPI 3.1 requires', () => {
    assert.deepEqual(Object.keys(document), ['openapi', 'info', 'paths', 'components', 'security'])
    assert.match(String(document['openapi']), /^3\.1\.\d$/)
    const paths = document['paths'] as Record<string, Record<string, JsonObject>>
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    )
    assert.equal(operations.length, program.routes.length)
    for (const { path, method, operation } of operations) {
      const place = `${method} ${path}`
      assert.ok(['get', 'put', 'post', 'delete', 'patch'].includes(method), place)
      const parameters = (operation['parameters'] ?? []) as JsonObject[]
      const inPath = parameters.filter((parameter) => parameter['in'] === 'path')
      assert.deepEqual(
        inPath.map(({ name }) => name),
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        `${place}: every name in the path is a parameter`,
      )
      for (const parameter of parameters) {
        assert.ok(parameter['in'] === 'path' || parameter['in'] === 'query', place)
        assert.equal(typeof parameter['required'], 'boolean', place)
        assert.equal(Number('schema' in parameter) + Number('content' in parameter), 1, place)
        if (parameter['in'] === 'path') assert.equal(parameter['required'], true, place)
      }
      const names = parameters.map(({ name, in: where }) => `${String(where)} ${String(name)}`)
      assert.deepEqual(names, [...new Set(names)], place)
      if (method === 'get' || method === 'delete') assert.equal('requestBody' in operation, false, place)
      const responses = operation['responses'] as Record<string, JsonObject>
      assert.ok('200' in responses && '400' in responses, place)
      for (const [status, response] of Object.entries(responses)) {
        assert.match(status, /^[2-5]\d\d$/, place)
        assert.equal(typeof response['description'], 'string', place)
      }
    }
    const ids = operations.map(({ operation }) => operation['operationId'])
    assert.deepEqual(ids, [...new Set(ids)])
  })

  it('are described by references that lead somewhere, and by schemas of their own', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to ?? '')
    assert.ok(references.length > 0)
    for (const reference of new Set(references)) {
      const found = reference
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((value, key) => (value as JsonObject | undefined)?.[key], document)
      assert.ok(found !== undefined, reference)
    }
    assert.doesNotMatch(JSON.stringify(document), /"\$schema"/)
  })

  it('name in their path only fields of their input, which must be there', () => {
    for (const { name, endpoint } of program.routes) {
      for (const field of pathParameters(endpoint.path)) {
        const without = endpoint.input.safeParse({})
        const issue = without.error?.issues.find(({ path }) => path[0] === field)
        assert.ok(issue !== undefined, `${name}: ${field}`)
      }
    }
  })

  it('fail only with codes of the error table', () => {
    for (const { name, endpoint } of program.routes) {
      for (const code of endpoint.errors ?? []) assert.ok(code in errorTable, `${name}: ${code}`)
    }
  })

  it('change nothing when they are GETs, and are more than reading when they are not', () => {
    const posted = new Set(['pipelines.plan', 'data.check', 'features.lookup'])
    for (const { name, endpoint } of program.routes) {
      if (endpoint.method === 'GET') assert.ok(['read', 'admin'].includes(endpoint.permission), name)
      else if (!posted.has(name)) assert.notEqual(endpoint.permission, 'read', name)
    }
  })
})
