import type { RegistryService } from '#lifecycle/registry/index'
import { call, nothing, type MlflowCall } from '../call.ts'
import { keyValue, textMap } from '../key-value.ts'
import { integer, list, message, required, text } from '../message.ts'
import { modelVersionDocument, registeredModelDocument } from '../registry-documents.ts'
import { pageLimit, versionNumber } from '../registry-fields.ts'

const byName = message({ name: required(text) })

/** Registered models, prompts among them, with their tags and aliases. */
export function registeredModelCalls(registry: RegistryService): MlflowCall[] {
  return [
    call({
      methods: ['POST'],
      path: 'registered-models/create',
      permission: 'write',
      request: message({ name: required(text), tags: list(keyValue), description: text }),
      answer: async ({ name, tags, description = '' }, { caller }) => ({
        registered_model: registeredModelDocument(
          await registry.createModel({ name, tags: textMap(tags), description }, caller),
        ),
      }),
    }),
    call({
      methods: ['GET'],
      path: 'registered-models/get',
      permission: 'read',
      request: byName,
      answer: async ({ name }) => ({
        registered_model: registeredModelDocument(await registry.registeredModel(name)),
      }),
    }),
    call({
      methods: ['POST'],
      path: 'registered-models/rename',
      permission: 'operate',
      request: message({ name: required(text), new_name: required(text) }),
      answer: async ({ name, new_name }, { caller }) => ({
        registered_model: registeredModelDocument(
          await registry.renameModel({ from: name, to: new_name }, caller),
        ),
      }),
    }),
    call({
      methods: ['PATCH'],
      path: 'registered-models/update',
      permission: 'write',
      request: message({ name: required(text), description: text }),
      answer: async ({ name, description = '' }) => {
        await registry.describeModel(name, { description })
        return { registered_model: registeredModelDocument(await registry.registeredModel(name)) }
      },
    }),
    call({
      methods: ['DELETE'],
      path: 'registered-models/delete',
      permission: 'operate',
      request: byName,
      answer: async ({ name }, { caller }) => {
        await registry.deleteModel(name, caller)
        return nothing
      },
    }),
    call({
      // The R client posts.
      methods: ['GET', 'POST'],
      path: 'registered-models/search',
      permission: 'read',
      request: message({ filter: text, max_results: integer, order_by: list(text), page_token: text }),
      answer: async ({ filter, max_results, order_by, page_token }) => {
        const { items, next } = await registry.searchModels({
          filter,
          orderBy: order_by,
          limit: pageLimit(max_results, { usual: 100, most: 1000 }),
          ...(page_token === undefined ? {} : { after: page_token }),
        })
        return { registered_models: items.map(registeredModelDocument), next_page_token: next }
      },
    }),
    call({
      methods: ['POST', 'GET'],
      path: 'registered-models/get-latest-versions',
      permission: 'read',
      request: message({ name: required(text), stages: list(text) }),
      answer: async ({ name, stages }) => ({
        model_versions: (await registry.latestVersions(name, stages)).map(modelVersionDocument),
      }),
    }),
    ...tagCalls(registry),
    ...aliasCalls(registry),
  ]
}

function tagCalls(registry: RegistryService): MlflowCall[] {
  return [
    call({
      methods: ['POST'],
      path: 'registered-models/set-tag',
      permission: 'write',
      request: message({ name: required(text), key: required(text), value: text }),
      answer: async ({ name, key, value = '' }) => {
        await registry.describeModel(name, { tags: Object.fromEntries([[key, value]]) })
        return nothing
      },
    }),
    call({
      methods: ['DELETE'],
      path: 'registered-models/delete-tag',
      permission: 'write',
      request: message({ name: required(text), key: required(text) }),
      answer: async ({ name, key }) => {
        await registry.deleteModelTag(name, key)
        return nothing
      },
    }),
  ]
}

function aliasCalls(registry: RegistryService): MlflowCall[] {
  const path = 'registered-models/alias'
  return [
    call({
      methods: ['POST'],
      path,
      permission: 'operate',
      request: message({ name: required(text), alias: required(text), version: required(text) }),
      answer: async ({ name, alias, version }, { caller }) => {
        const reason = 'set through MLflow'
        await registry.promote({ model: name, alias, version: versionNumber(version), reason }, caller)
        return nothing
      },
    }),
    call({
      methods: ['DELETE'],
      path,
      permission: 'operate',
      request: message({ name: required(text), alias: required(text) }),
      answer: async ({ name, alias }, { caller }) => {
        await registry.removeAlias({ model: name, alias, reason: 'removed through MLflow' }, caller)
        return nothing
      },
    }),
    call({
      methods: ['GET'],
      path,
      permission: 'read',
      request: message({ name: required(text), alias: required(text) }),
      answer: async ({ name, alias }) => ({
        model_version: modelVersionDocument(await registry.versionByAlias(name, alias)),
      }),
    }),
  ]
}
