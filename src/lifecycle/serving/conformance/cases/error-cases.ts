import { casesOf, expect, skip, type ConformanceCase } from '../conformance-case.ts'
import { flatInput, type JsonTensor, type Target } from '../target.ts'
import { expectRefused, infer, modelPath, needInputs, sendInfer } from './inference-answer.ts'

const { must, should } = casesOf('errors', 'errors')

/** An inference whose first input is changed into a wrong one. */
async function refuses(target: Target, change: (tensor: JsonTensor) => JsonTensor): Promise<void> {
  needInputs(target)
  const [first, ...rest] = target.inputs(1).map(flatInput) as [JsonTensor, ...JsonTensor[]]
  expectRefused(await sendInfer(target, { inputs: [change(first), ...rest] }))
}

/** "A failed request must be indicated by an HTTP error status (typically 400)", with the text in `error`. */
export const errorCases: readonly ConformanceCase[] = [
  must('unknown-model', 'A model that is not there is an error, and not of the server.', async (target) => {
    needInputs(target)
    const body = { inputs: target.inputs(1).map(flatInput) }
    expectRefused(await target.send('POST', '/v2/models/no-such-model-here/infer', { body }))
  }),
  should('unknown-model-404', 'A model that is not there is answered with 404.', async (target) => {
    const { status } = await target.send('GET', '/v2/models/no-such-model-here')
    expect(status === 404, `the status is ${status}`)
  }),
  must('unknown-version', 'A version that is not there is an error.', async (target) => {
    if (target.model.versions.length === 0) skip('the metadata name no versions')
    const { status } = await target.send('GET', modelPath(target, '987654321'))
    expect(status >= 400 && status < 500, `the status is ${status}`)
  }),
  must('not-json', 'A body that is not JSON is an error of the client.', async (target) => {
    expectRefused(await target.send('POST', `${modelPath(target)}/infer`, { body: '{"inputs": [' }))
  }),
  must('no-inputs', 'A request without inputs is an error of the client.', async (target) => {
    expectRefused(await target.send('POST', `${modelPath(target)}/infer`, { body: { id: 'x' } }))
  }),
  must('count', 'Data that have not as many elements as the shape are an error of the client.', (target) =>
    refuses(target, (tensor) => ({ ...tensor, shape: [7, ...tensor.shape.slice(1)] })),
  ),
  must('datatype', 'A datatype that does not exist is an error of the client.', (target) =>
    refuses(target, (tensor) => ({ ...tensor, datatype: 'FLOAT128' })),
  ),
  must('negative-size', 'A negative dimension is an error of the client.', (target) =>
    refuses(target, (tensor) => ({ ...tensor, shape: [-3, ...tensor.shape.slice(1)] })),
  ),
  must('overflow', 'A shape whose product overflows is an error of the client.', (target) =>
    refuses(target, (tensor) => ({ ...tensor, shape: [4294967296, 4294967296] })),
  ),
  must('element', 'An element that is not of the datatype is an error of the client.', (target) =>
    refuses(target, (tensor) => ({
      ...tensor,
      data: (tensor.data as unknown[]).map(() => ({ not: 'an element' })),
    })),
  ),
  must('fp16', 'FP16 has no form in JSON: it is an error of the client.', (target) =>
    refuses(target, (tensor) => ({ ...tensor, datatype: 'FP16' })),
  ),
  should('unknown-input', 'An input that the model does not have is an error.', async (target) => {
    if (target.model.inputs.length < 2) skip('a model of one input may take it by any name')
    const inputs = target.inputs(1).map(flatInput)
    const extra = { name: 'no-such-input', shape: [1], datatype: 'FP32', data: [1] }
    expectRefused(await sendInfer(target, { inputs: [...inputs, extra] }))
  }),
  must('unknown-output', 'An output that the model does not have is an error.', async (target) => {
    expectRefused(await sendInfer(target, { more: { outputs: [{ name: 'no-such-output' }] } }))
  }),
  must('goes-on', 'After all these the server answers as before.', async (target) => {
    await infer(target)
  }),
]
