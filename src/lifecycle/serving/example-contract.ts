import type { ModelSignature } from '#lifecycle/tracking/contract'
import { datatypeOf } from './process/rows/datatype.ts'

/** One row as the endpoint's friendly form takes it. */
export type ExampleRow = Readonly<Record<string, unknown>>

/** What an example is made from; the row that was stored with the model, where there is one. */
export interface ExampleOf {
  readonly name: string
  readonly signature: ModelSignature
  readonly example?: ExampleRow | undefined
}

export type ExampleForm = 'predict' | 'inference' | 'kserve' | 'mlflow'

/** A request that works as it stands, once the address of the server is put before its path. */
export interface ExampleRequest {
  readonly path: string
  /** To be sent as JSON. */
  readonly body: Readonly<Record<string, unknown>>
}

type Field = ModelSignature['inputs'][number]

const values: Readonly<Record<Field['type'], unknown>> = {
  boolean: false,
  integer: 0,
  long: 0,
  float: 0,
  double: 0,
  string: 'text',
  datetime: '2026-01-01T00:00:00Z',
}

/** The stored row where it has what the model requires, and otherwise a value of the type for every field. */
export function exampleRow({ signature, example }: Pick<ExampleOf, 'signature' | 'example'>): ExampleRow {
  return Object.fromEntries(
    signature.inputs.map((field) => {
      const stored =
        example !== undefined && Object.hasOwn(example, field.name) ? example[field.name] : undefined
      return [field.name, stored ?? nested(values[field.type], field.shape ?? [])] as const
    }),
  )
}

/** A request with one row; `predict` is the program's own form. */
export function exampleRequest(deployment: ExampleOf, form: ExampleForm = 'predict'): ExampleRequest {
  const { name } = deployment
  const row = exampleRow(deployment)
  switch (form) {
    case 'predict':
      return { path: `/deployments/${name}/predict`, body: { rows: [row] } }
    case 'kserve':
      return { path: `/v1/models/${name}:predict`, body: { instances: [row] } }
    case 'mlflow':
      return { path: `/deployments/${name}/invocations`, body: { dataframe_records: [row] } }
    case 'inference':
      return {
        path: `/v2/models/${name}/infer`,
        body: { inputs: deployment.signature.inputs.map((field) => tensorOf(field, row[field.name])) },
      }
  }
}

function tensorOf({ name, type, shape }: Field, value: unknown): object {
  return {
    name,
    datatype: datatypeOf[type],
    shape: [1, ...(shape ?? [1])],
    data: [value].flat(Infinity),
  }
}

function nested(value: unknown, [first, ...rest]: readonly number[]): unknown {
  return first === undefined ? value : Array.from({ length: first }, () => nested(value, rest))
}

export interface Snippet {
  readonly language: 'curl' | 'python' | 'typescript'
  readonly title: string
  readonly text: string
}

/** The request of {@link exampleRequest} for people to paste. @param hasToken whether the endpoint asks for a key */
export function requestSnippets(
  deployment: ExampleOf,
  { url, hasToken = false }: { readonly url: string; readonly hasToken?: boolean },
): readonly Snippet[] {
  const { path, body } = exampleRequest(deployment)
  const address = url.replace(/\/$/, '')
  const row = JSON.stringify(exampleRow(deployment), undefined, 2)
  return [
    { language: 'curl', title: 'curl', text: curlText(address + path, body, hasToken) },
    { language: 'python', title: 'Python', text: pythonText(address + path, pythonValue(body), hasToken) },
    {
      language: 'typescript',
      title: 'TypeScript',
      text: [
        "import { createPredictionClient } from 'devmlops/sdk'",
        '',
        `const client = createPredictionClient({ url: ${JSON.stringify(address)}${hasToken ? ', token: process.env.DEVMLOPS_TOKEN' : ''} })`,
        `const predictions = await client.predict(${JSON.stringify(deployment.name)}, [${row}])`,
        'console.log(predictions)',
      ].join('\n'),
    },
    { language: 'python', title: 'tritonclient', text: tritonText(deployment, { address, hasToken }) },
  ]
}

function curlText(address: string, body: ExampleRequest['body'], hasToken: boolean): string {
  // In single quotes the shell changes nothing but the quote itself.
  const data = JSON.stringify(body).replaceAll("'", `'\\''`)
  const token = hasToken ? ` -H "authorization: Bearer $DEVMLOPS_TOKEN"` : ''
  return `curl -s '${address}'${token} -H 'content-type: application/json' -d '${data}'`
}

function pythonText(address: string, body: string, hasToken: boolean): string {
  return [
    ...(hasToken ? ['import os'] : []),
    'import requests',
    '',
    'answer = requests.post(',
    `    ${JSON.stringify(address)},`,
    ...(hasToken ? ['    headers={"authorization": f"Bearer {os.environ[\'DEVMLOPS_TOKEN\']}"},'] : []),
    `    json=${body},`,
    ')',
    'answer.raise_for_status()',
    'print(answer.json()["predictions"])',
  ].join('\n')
}

const numpyTypes: Readonly<Record<Field['type'], string>> = {
  boolean: 'bool',
  integer: 'np.int32',
  long: 'np.int64',
  float: 'np.float32',
  double: 'np.float64',
  string: 'object',
  datetime: 'object',
}

/** Triton's client wants the address without its scheme, and text as objects. */
function tritonText(
  { name, signature, example }: ExampleOf,
  { address, hasToken }: { readonly address: string; readonly hasToken: boolean },
): string {
  const row = exampleRow({ signature, example })
  const isSecure = address.startsWith('https:')
  const inputs = signature.inputs.map((field) => {
    const value = pythonValue(field.shape === undefined ? [row[field.name]] : row[field.name])
    const values = `np.array([${value}], dtype=${numpyTypes[field.type]})`
    return `    ${JSON.stringify(field.name)}: ("${datatypeOf[field.type]}", ${values}),`
  })
  return [
    ...(hasToken ? ['import os'] : []),
    'import numpy as np',
    'import tritonclient.http as triton',
    '',
    `client = triton.InferenceServerClient("${address.replace(/^https?:\/\//, '')}"${isSecure ? ', ssl=True' : ''})`,
    'values = {',
    ...inputs,
    '}',
    'inputs = []',
    'for name, (datatype, array) in values.items():',
    '    tensor = triton.InferInput(name, array.shape, datatype)',
    '    tensor.set_data_from_numpy(array)',
    '    inputs.append(tensor)',
    `answer = client.infer(${JSON.stringify(name)}, inputs${hasToken ? ', headers={"authorization": f"Bearer {os.environ[\'DEVMLOPS_TOKEN\']}"}' : ''})`,
    `print({output["name"]: answer.as_numpy(output["name"]) for output in answer.get_response()["outputs"]})`,
  ].join('\n')
}

function pythonValue(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(', ')}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}: ${pythonValue(entry)}`)
  return `{${entries.join(', ')}}`
}
