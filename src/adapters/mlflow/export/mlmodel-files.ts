import { randomUUID } from 'node:crypto'
import type { ModelSignature } from '#lifecycle/tracking/index'
import { loaderModule, loaderSource } from './loader-module.ts'
import { yamlText } from './yaml-text.ts'

export interface MlModelSource {
  readonly model: string
  readonly version: number
  readonly runId: string | null
  readonly createdAt: number
  readonly signature: ModelSignature
  readonly sizeBytes: number
}

const graphFile = 'model.onnx'
const python = '3.11'
const requirements = ['mlflow>=2.10', 'onnx>=1.16', 'onnxruntime>=1.20', 'numpy', 'pandas']

/** The files beside the graph that make a folder one of MLflow's models: how it is loaded, with what, what it takes. */
export function mlModelFiles(source: MlModelSource): Readonly<Record<string, string>> {
  const { signature } = source
  const columns = (
    items: readonly { readonly name: string; readonly type: string; readonly required?: boolean }[],
  ) => JSON.stringify(items.map(({ name, type, required }) => ({ type, name, required: required ?? true })))
  return {
    MLmodel: yamlText({
      artifact_path: 'model',
      flavors: {
        onnx: { code: null, data: graphFile, providers: ['CPUExecutionProvider'] },
        python_function: {
          code: 'code',
          loader_module: loaderModule,
          data: graphFile,
          env: { conda: 'conda.yaml', virtualenv: 'python_env.yaml' },
          python_version: python,
        },
      },
      metadata: { devmlops_model: source.model, devmlops_version: String(source.version) },
      model_size_bytes: source.sizeBytes,
      model_uuid: randomUUID().replaceAll('-', ''),
      run_id: source.runId,
      signature: { inputs: columns(signature.inputs), outputs: columns(signature.outputs), params: null },
      utc_time_created: new Date(source.createdAt).toISOString().replace('T', ' ').replace('Z', ''),
    }),
    [`code/${loaderModule}.py`]: loaderSource,
    'requirements.txt': `${requirements.join('\n')}\n`,
    'python_env.yaml': [
      `python: "${python}"`,
      'build_dependencies:',
      '- pip',
      'dependencies:',
      '- -r requirements.txt',
      '',
    ].join('\n'),
    'conda.yaml': [
      'channels:',
      '- conda-forge',
      'dependencies:',
      `- python=${python}`,
      '- pip',
      '- pip:',
      ...requirements.map((requirement) => `  - ${requirement}`),
      'name: mlflow-env',
      '',
    ].join('\n'),
  }
}

export { graphFile }
