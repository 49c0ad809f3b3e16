import type { RegistryService } from '#lifecycle/registry/index'
import { call, nothing, type MlflowCall } from '../call.ts'
import { keyValue, textMap } from '../key-value.ts'
import { flag, integer, list, message, required, text } from '../message.ts'
import { modelVersionDocument } from '../registry-documents.ts'
import { pageLimit, versionNumber } from '../registry-fields.ts'

const byVersion = { name: required(text), version: required(text) }

/** Versions of registered models. */
export function modelVersionCalls(registry: RegistryService): MlflowCall[] {
  return [
    call({
      methods: ['POST'],
      path: 'model-versions/create',
      permission: 'write',
      request: message({
        name: required(text),
        source: required(text),
        run_id: text,
        tags: list(keyValue),
        run_link: text,
        description: text,
        model_id: text,
      }),
      answer: async ({ name, source, run_id, tags, run_link, description = '', model_id }, { caller }) => {
        const version = await registry.createVersion(
          {
            model: name,
            source,
            tags: textMap(tags),
            description,
            ...(isGiven(run_id) ? { runId: run_id } : {}),
            ...(isGiven(run_link) ? { runLink: run_link } : {}),
            ...(isGiven(model_id) ? { modelId: model_id } : {}),
          },
          caller,
        )
        return { model_version: modelVersionDocument(version) }
      },
    }),
    call({
      methods: ['GET'],
      path: 'model-versions/get',
      permission: 'read',
      request: message(byVersion),
      answer: async ({ name, version }) => ({
        model_version: modelVersionDocument(await registry.getVersionNumbered(name, versionNumber(version))),
      }),
    }),
    call({
      methods: ['PATCH'],
      path: 'model-versions/update',
      permission: 'write',
      request: message({ ...byVersion, description: text }),
      answer: async ({ name, version, description = '' }) => {
        const reference = String((await registry.getVersionNumbered(name, versionNumber(version))).version)
        return {
          model_version: modelVersionDocument(
            await registry.describeVersion({ model: name, reference }, { description }),
          ),
        }
      },
    }),
    call({
      methods: ['DELETE'],
      path: 'model-versions/delete',
      permission: 'operate',
      request: message(byVersion),
      answer: async ({ name, version }, { caller }) => {
        await registry.deleteVersion({ model: name, version: versionNumber(version) }, caller)
        return nothing
      },
    }),
    call({
      methods: ['GET'],
      path: 'model-versions/get-download-uri',
      permission: 'read',
      request: message(byVersion),
      answer: async ({ name, version }) => ({
        artifact_uri: await registry.downloadUri({ model: name, version: versionNumber(version) }),
      }),
    }),
    call({
      methods: ['GET', 'POST'],
      path: 'model-versions/search',
      permission: 'read',
      request: message({ filter: text, max_results: integer, order_by: list(text), page_token: text }),
      answer: async ({ filter, max_results, order_by, page_token }) => {
        const { items, next } = await registry.searchVersions({
          filter,
          orderBy: order_by,
          limit: pageLimit(max_results, { usual: 200_000, most: 200_000 }),
          ...(page_token === undefined ? {} : { after: page_token }),
        })
        return { model_versions: items.map(modelVersionDocument), next_page_token: next }
      },
    }),
    call({
      methods: ['POST'],
      path: 'model-versions/transition-stage',
      permission: 'operate',
      request: message({ ...byVersion, stage: required(text), archive_existing_versions: flag }),
      answer: async ({ name, version, stage, archive_existing_versions = false }, { caller }) => ({
        model_version: modelVersionDocument(
          await registry.moveStage(
            { model: name, version: versionNumber(version) },
            { stage, archiveOthers: archive_existing_versions },
            caller,
          ),
        ),
      }),
    }),
    call({
      methods: ['POST'],
      path: 'model-versions/set-tag',
      permission: 'write',
      request: message({ ...byVersion, key: required(text), value: text }),
      answer: async ({ name, version, key, value = '' }) => {
        const { version: reference } = await registry.getVersionNumbered(name, versionNumber(version))
        await registry.describeVersion(
          { model: name, reference: String(reference) },
          { tags: Object.fromEntries([[key, value]]) },
        )
        return nothing
      },
    }),
    call({
      methods: ['DELETE'],
      path: 'model-versions/delete-tag',
      permission: 'write',
      request: message({ ...byVersion, key: required(text) }),
      answer: async ({ name, version, key }) => {
        await registry.deleteVersionTag({ model: name, version: versionNumber(version) }, key)
        return nothing
      },
    }),
  ]
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
