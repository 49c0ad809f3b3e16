import { z } from 'zod'
import { fail, messageOf } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { UpstreamPlan, UpstreamSettings, UpstreamTensor } from '../deployment/upstream.ts'

type Field = ModelSignature['inputs'][number]

/** What each type of a signature is sent as. */
const datatypeOf = {
  boolean: 'BOOL',
  integer: 'INT32',
  long: 'INT64',
  float: 'FP32',
  double: 'FP64',
  string: 'BYTES',
  datetime: 'BYTES',
} as const satisfies Record<Field['type'], string>

/** What each datatype of the protocol is in a signature. */
const typeOf: Readonly<Record<string, Field['type']>> = {
  BOOL: 'boolean',
  INT8: 'integer',
  INT16: 'integer',
  INT32: 'integer',
  UINT8: 'integer',
  UINT16: 'integer',
  UINT32: 'long',
  INT64: 'long',
  UINT64: 'long',
  FP16: 'float',
  BF16: 'float',
  FP32: 'float',
  FP64: 'double',
  BYTES: 'string',
}

const tensorSchema = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.coerce.number()) })
const metadataSchema = z.object({
  inputs: z.array(tensorSchema).min(1),
  outputs: z.array(tensorSchema).min(1),
})
const serverSchema = z.object({ extensions: z.array(z.string()).default([]) })
type Tensor = z.output<typeof tensorSchema>

/** What another server says of a model, or what devmlops.yaml says of it. Fails when neither says enough. */
export async function describeUpstream(
  settings: UpstreamSettings,
  variable: (name: string) => string | undefined,
): Promise<{ readonly upstream: UpstreamPlan; readonly signature: ModelSignature }> {
  const { upstream: url, name, version, headers, timeout, failures, tensors, signature: given } = settings
  const read = reader(settings, variable)
  const path = `/v2/models/${encodeURIComponent(name)}${version === undefined ? '' : `/versions/${version}`}`
  // With a signature of its own it can be deployed while the other server is away.
  const metadata = given === undefined ? metadataSchema.parse(await read(path)) : undefined
  const described =
    metadata === undefined
      ? { inputs: tensorsOf(given?.inputs ?? {}), outputs: tensorsOf(given?.outputs ?? {}) }
      : { inputs: metadata.inputs.map(rowTensor), outputs: metadata.outputs.map(rowTensor) }
  const binary =
    tensors === 'auto'
      ? serverSchema.parse(await read('/v2').catch(() => ({}))).extensions.includes('binary_tensor_data')
      : tensors === 'binary'
  const types = given === undefined ? undefined : { ...typesIn(given.inputs), ...typesIn(given.outputs) }
  const field = ({ name: tensor, datatype, shape }: UpstreamTensor): Omit<Field, 'required'> => ({
    name: tensor,
    type:
      types?.[tensor] ??
      typeOf[datatype] ??
      fail('invalid_input', `${name} has the tensor "${tensor}" of ${datatype}.`),
    ...(shape.reduce((product, size) => product * size, 1) === 1 ? {} : { shape }),
  })
  return {
    upstream: {
      url,
      name,
      ...(version === undefined ? {} : { version }),
      binary,
      ...described,
      headers,
      timeoutMs: timeout,
      failures,
    },
    signature: {
      inputs: described.inputs.map((tensor) => ({
        ...field(tensor),
        required: isRequired(given?.inputs[tensor.name]),
      })),
      outputs: described.outputs.map(field),
    },
  }
}

type GivenFields = NonNullable<UpstreamSettings['signature']>['inputs']

function tensorsOf(fields: GivenFields): UpstreamTensor[] {
  return Object.entries(fields).map(([name, field]) => {
    const { type, shape = [] } = typeof field === 'string' ? { type: field } : field
    return { name, datatype: datatypeOf[type], shape }
  })
}

function typesIn(fields: GivenFields): Record<string, Field['type']> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, typeof field === 'string' ? field : field.type]),
  )
}

function isRequired(field: GivenFields[string] | undefined): boolean {
  return field === undefined || typeof field === 'string' ? true : field.required
}

/** The first dimension is that of the rows. */
function rowTensor({ name, datatype, shape }: Tensor): UpstreamTensor {
  const [, ...row] = shape
  const variable = row.findIndex((size) => size < 1)
  if (variable !== -1) {
    fail(
      'invalid_input',
      `The tensor "${name}" has the shape [${shape.join(', ')}]: more than its rows may vary.`,
      {
        hint: 'Say in `signature` which shape a row has.',
      },
    )
  }
  return { name, datatype, shape: row }
}

function reader(
  { upstream: url, headers, timeout, name }: UpstreamSettings,
  variable: (name: string) => string | undefined,
) {
  return async (path: string): Promise<unknown> => {
    const sent = Object.fromEntries(
      Object.entries(headers).map(([header, from]) => [
        header,
        variable(from) ??
          fail(
            'invalid_input',
            `The environment variable ${from} is not set; ${url} needs it as the header ${header}.`,
          ),
      ]),
    )
    try {
      const response = await fetch(`${url}${path}`, {
        headers: sent,
        redirect: 'error',
        signal: AbortSignal.timeout(timeout),
      })
      if (!response.ok)
        return fail(
          'invalid_input',
          `${url}${path} answers ${response.status}: ${(await response.text()).slice(0, 300)}`,
        )
      return await response.json()
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'invalid_input') throw error
      return fail('not_ready', `${url} does not say what the model ${name} takes: ${messageOf(error)}.`, {
        hint: 'Start it, or say it yourself with `signature:`.',
        cause: error,
      })
    }
  }
}
