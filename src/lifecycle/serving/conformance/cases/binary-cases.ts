import { casesOf, expect, skip, type ConformanceCase } from '../conformance-case.ts'
import { jsonOf, type Reply, type Target } from '../target.ts'
import { sameValues, tensorBytes, tensorValues, type ExampleTensor } from '../tensor-example.ts'
import {
  expectRefused,
  infer,
  isShape,
  modelPath,
  needInputs,
  objectOf,
  outputNamed,
  type OutputTensor,
} from './inference-answer.ts'

const { must, should } = casesOf('binary tensors', 'binary')
const headerLength = 'inference-header-content-length'

type Case = (target: Target) => Promise<void>

const listed =
  (check: Case): Case =>
  async (target) => {
    if (!target.extensions.includes('binary_tensor_data')) skip('the server does not list binary_tensor_data')
    needInputs(target)
    await check(target)
  }

interface BinaryRequest {
  readonly inputs: readonly ExampleTensor[]
  /** Which inputs are binary; all when it is left out. */
  readonly isBinary?: (index: number) => boolean
  readonly more?: Readonly<Record<string, unknown>>
  readonly headerDelta?: number
  readonly sizeDelta?: number
}

function sendBinary(
  target: Target,
  { inputs, isBinary = () => true, more = {}, headerDelta = 0, sizeDelta = 0 }: BinaryRequest,
): Promise<Reply> {
  const parts: Buffer[] = []
  const tensors = inputs.map(({ name, datatype, shape, data }, index) => {
    if (!isBinary(index)) return { name, datatype, shape, data }
    const bytes = tensorBytes(datatype, data)
    parts.push(bytes)
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length + sizeDelta } }
  })
  const header = Buffer.from(JSON.stringify({ ...more, inputs: tensors }))
  return target.send('POST', `${modelPath(target)}/infer`, {
    body: Buffer.concat([header, ...parts]),
    headers: {
      'content-type': 'application/octet-stream',
      [headerLength]: String(header.length + headerDelta),
    },
  })
}

/** Outputs of an answer whose binary tensors follow its JSON. */
function outputsOf({
  status,
  headers,
  bytes,
}: Reply): readonly (OutputTensor & { readonly isBinary: boolean })[] {
  expect(status === 200, `the status is ${status}`)
  const given = headers.get(headerLength)
  const end = given === null ? bytes.length : Number(given)
  const { outputs } = objectOf(jsonOf(bytes.subarray(0, end)), `the first ${end} bytes of the answer`)
  expect(Array.isArray(outputs), 'the answer has no list "outputs"')
  let at = end
  return outputs.map((output: unknown, index) => {
    const { name, datatype, shape, data, parameters } = objectOf(output, `outputs[${index}]`)
    expect(
      typeof name === 'string' && typeof datatype === 'string' && isShape(shape),
      `outputs[${index}] is incomplete`,
    )
    const size = (parameters as { binary_data_size?: unknown } | undefined)?.binary_data_size
    if (size === undefined) return { name, datatype, shape, data: [data].flat(Infinity), isBinary: false }
    const count = shape.reduce((product, length) => product * length, 1)
    const values = tensorValues(datatype, bytes.subarray(at, at + Number(size)), count)
    at += Number(size)
    expect(values !== undefined, `the bytes of "${name}" are not ${count} elements of ${datatype}`)
    return { name, datatype, shape, data: values, isBinary: true }
  })
}

async function expectAsJson(target: Target, outputs: ReturnType<typeof outputsOf>): Promise<void> {
  const json = await infer(target)
  expect(outputs.length > 0, 'there are no outputs')
  for (const { name, data } of outputs)
    expect(sameValues(data, outputNamed(json, name).data), `"${name}" is not what it is in JSON`)
}

/** github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md. */
export const binaryCases: readonly ConformanceCase[] = [
  must(
    'inputs',
    'Inputs may follow the JSON as bytes, with their binary_data_size.',
    listed(async (target) => {
      const reply = await sendBinary(target, { inputs: target.inputs(1) })
      await expectAsJson(target, outputsOf(reply))
    }),
  ),
  must(
    'mixed',
    'Some inputs may be JSON and others binary.',
    listed(async (target) => {
      if (target.inputs(1).length < 2) skip('the model has one input')
      const reply = await sendBinary(target, {
        inputs: target.inputs(1),
        isBinary: (index) => index % 2 === 1,
      })
      await expectAsJson(target, outputsOf(reply))
    }),
  ),
  must(
    'outputs',
    'An output with binary_data true follows the JSON of the answer as bytes.',
    listed(async (target) => {
      const { outputs } = await infer(target)
      const wanted = outputs.map(({ name }) => ({ name, parameters: { binary_data: true } }))
      const answered = outputsOf(
        await sendBinary(target, { inputs: target.inputs(1), more: { outputs: wanted } }),
      )
      expect(
        answered.every(({ isBinary }) => isBinary),
        'not every output is binary',
      )
      await expectAsJson(target, answered)
    }),
  ),
  must(
    'all-outputs',
    'With binary_data_output true all outputs are binary.',
    listed(async (target) => {
      const more = { parameters: { binary_data_output: true } }
      const answered = outputsOf(await sendBinary(target, { inputs: target.inputs(1), more }))
      expect(
        answered.every(({ isBinary }) => isBinary),
        'not every output is binary',
      )
      await expectAsJson(target, answered)
    }),
  ),
  must(
    'lying-size',
    'A binary_data_size that is not that of the tensor is an error of the client.',
    listed(async (target) => {
      expectRefused(await sendBinary(target, { inputs: target.inputs(1), sizeDelta: 3 }))
    }),
  ),
  must(
    'lying-header',
    'A header length beyond the body is an error of the client.',
    listed(async (target) => {
      expectRefused(await sendBinary(target, { inputs: target.inputs(1), headerDelta: 1_000_000 }))
    }),
  ),
  should(
    'raw',
    'With a header length of 0 the body is the only input, and outputs are binary.',
    listed(async (target) => {
      const [input, ...others] = target.inputs(1)
      if (input === undefined || others.length > 0) skip('the model has not exactly one input')
      const variable = target.model.inputs[0]?.shape.filter((size) => size === -1).length ?? 0
      if (variable > 1) skip('the input has more than one dimension of any size')
      const reply = await target.send('POST', `${modelPath(target)}/infer`, {
        body: tensorBytes(input.datatype, input.data),
        headers: { 'content-type': 'application/octet-stream', [headerLength]: '0' },
      })
      await expectAsJson(target, outputsOf(reply))
    }),
  ),
]
