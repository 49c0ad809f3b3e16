import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Client } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { registryContract } from '#lifecycle/registry/contract'
import { takeFrameColumns } from './column-inputs.ts'
import { bytesOf, saveFile } from './exported-file.ts'
import { graphFile, mlModelFiles } from './mlmodel-files.ts'

export interface ExportedModel {
  readonly model: string
  readonly version: number
  readonly folder: string
  readonly files: readonly string[]
}

type Registry = Pick<Client<typeof registryContract>, 'version' | 'file'>

/** Writes a version as one of MLflow's model folders: as it was, if MLflow made it, and else around our graph. */
export async function exportModel(
  registry: Registry,
  {
    model,
    reference,
    folder,
  }: { readonly model: string; readonly reference: string; readonly folder: string },
): Promise<ExportedModel> {
  const found = await registry.version({ model, reference })
  const { version, artifacts, signature } = found
  const byVersion = { model: found.model, reference: String(version) }
  const paths = artifacts.map(({ path }) => path)
  if (paths.includes('MLmodel')) {
    for (const path of paths) {
      const { body } = await registry.file({ ...byVersion, path })
      await saveFile(join(folder, path), body)
    }
    return { model: found.model, version, folder, files: paths }
  }
  const graphs = paths.filter((path) => path.endsWith('.onnx'))
  const graph =
    graphs.find((path) => /(?:^|\/)model\.onnx$/.test(path)) ?? (graphs.length === 1 ? graphs[0] : undefined)
  if (graph === undefined || signature === null) {
    return fail(
      'conflict',
      `Version ${version} of "${model}" is neither a graph with a signature nor one of MLflow's models.`,
      {
        hint: `It has ${paths.join(', ') || 'no files'}.`,
      },
    )
  }
  const { body } = await registry.file({ ...byVersion, path: graph })
  const onnx = takeFrameColumns(await bytesOf(body), signature)
  const files: Record<string, string | Uint8Array> = {
    [graphFile]: onnx,
    ...mlModelFiles({ ...found, signature, sizeBytes: onnx.byteLength }),
  }
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return { model: found.model, version, folder, files: Object.keys(files) }
}
