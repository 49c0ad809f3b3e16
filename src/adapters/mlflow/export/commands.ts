import { resolve } from 'node:path'
import type { Command } from '#platform/terminal/index'

const to = { type: 'string', value: 'FOLDER', summary: 'Where to write it (required)' } as const

export const mlflowExportCommands: readonly Command[] = [
  {
    name: 'export run',
    summary: 'Write a run as MLflow keeps it in files, with its artifacts and models',
    description:
      'Several runs may go into one folder. A client reads it with MLFLOW_TRACKING_URI=file:///FOLDER.',
    arguments: [{ name: 'RUN', summary: 'the id of a run, or the unique beginning of one', required: true }],
    options: { to },
    examples: [{ line: 'devmlops export run 3f2a91 --to mlruns', what: 'One more run in ./mlruns' }],
    run: async (context) => {
      const { arguments: words, options, terminal, json, directory } = context
      const folder = resolve(directory, await folderOf(options.text('to')))
      const { trackingContract } = await import('#lifecycle/tracking/contract')
      const { loggedModelContract } = await import('#lifecycle/tracking/logged-model-contract')
      const { exportRun } = await import('./export-run.ts')
      const stages = {
        tracking: await context.client(trackingContract),
        models: await context.client(loggedModelContract),
      }
      const exported = await exportRun(stages, { runId: words.required('RUN'), folder })
      if (json) return terminal.json(exported)
      const { points, files, loggedModels } = exported
      terminal.print(
        `${terminal.style('✓', 'green')} ${folder}: run ${exported.runId}, ${points} points, ${files} files, ${loggedModels} models`,
      )
    },
  },
  {
    name: 'export model',
    summary: "Write a version as a model folder that MLflow's clients load",
    description:
      'A model that MLflow logged is written as it was. A model of ours gets the flavours onnx and\n' +
      'python_function: mlflow.pyfunc.load_model("FOLDER").predict(data_frame) needs mlflow and onnxruntime.',
    arguments: [{ name: 'MODEL', summary: 'NAME, NAME@ALIAS, NAME@VERSION or NAME/VERSION', required: true }],
    options: { to },
    examples: [
      {
        line: 'devmlops export model flight-delays@champion --to champion',
        what: 'The version that answers',
      },
    ],
    run: async (context) => {
      const { arguments: words, options, terminal, json, directory } = context
      const folder = resolve(directory, await folderOf(options.text('to')))
      const { registryContract } = await import('#lifecycle/registry/contract')
      const { mustBeEmpty } = await import('./exported-file.ts')
      const { exportModel } = await import('./export-model.ts')
      await mustBeEmpty(folder)
      const registry = await context.client(registryContract)
      const exported = await exportModel(registry, { ...modelNamed(words.required('MODEL')), folder })
      if (json) return terminal.json(exported)
      terminal.print(
        `${terminal.style('✓', 'green')} ${folder}: version ${exported.version} of ${exported.model}, ${exported.files.length} files`,
      )
    },
  },
]

async function folderOf(text: string | undefined): Promise<string> {
  if (text !== undefined && text !== '') return text
  const { fail } = await import('#contract/errors')
  return fail('invalid_input', 'An export needs --to FOLDER.', { at: '--to' })
}

/** Model names have no slash; they may have an "@". */
function modelNamed(text: string): { model: string; reference: string } {
  const [, model = text, reference = 'latest'] = /^(.+)[@/]([^@/]+)$/.exec(text) ?? []
  return { model, reference }
}
