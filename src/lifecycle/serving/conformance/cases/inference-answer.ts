import { expect, skip } from '../conformance-case.ts'
import { flatInput, type JsonTensor, type Reply, type Target } from '../target.ts'

/** An output as a server answered it. */
export interface OutputTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly unknown[]
}

export interface InferenceAnswer {
  readonly model_name: unknown
  readonly model_version: unknown
  readonly id: unknown
  readonly outputs: readonly OutputTensor[]
}

export function modelPath({ model }: Target, version?: string): string {
  const name = encodeURIComponent(model.name)
  return version === undefined
    ? `/v2/models/${name}`
    : `/v2/models/${name}/versions/${encodeURIComponent(version)}`
}

export function needInputs(target: Target): void {
  if (target.inputs(1).length === 0)
    skip('the metadata of the model names no inputs; give a request with --request')
}

export interface InferOptions {
  readonly inputs?: readonly JsonTensor[]
  readonly version?: string
  readonly more?: Readonly<Record<string, unknown>>
}

export async function infer(target: Target, options: InferOptions = {}): Promise<InferenceAnswer> {
  const reply = await sendInfer(target, options)
  expect(reply.status === 200, `the status is ${reply.status}, not 200`)
  return answerOf(reply)
}

export function sendInfer(target: Target, { inputs, version, more = {} }: InferOptions = {}): Promise<Reply> {
  needInputs(target)
  const body = { ...more, inputs: inputs ?? target.inputs(1).map(flatInput) }
  return target.send('POST', `${modelPath(target, version)}/infer`, { body })
}

/** Fails with `Unmet` when an answer is not what the specification says of one. */
export function answerOf({ json }: Pick<Reply, 'json'>): InferenceAnswer {
  const answer = objectOf(json, 'the answer')
  const { outputs } = answer
  expect(Array.isArray(outputs), 'the answer has no list "outputs"')
  return { ...(answer as unknown as InferenceAnswer), outputs: outputs.map(outputOf) }
}

function outputOf(output: unknown, index: number): OutputTensor {
  const at = `outputs[${index}]`
  const { name, datatype, shape, data } = objectOf(output, at)
  expect(typeof name === 'string', `${at} has no name`)
  expect(typeof datatype === 'string', `${at} has no datatype`)
  expect(isShape(shape), `${at}.shape is not a list of whole numbers`)
  expect(Array.isArray(data), `${at} has no list "data"`)
  const flat = data.flat(Infinity)
  const count = shape.reduce((product, size) => product * size, 1)
  expect(flat.length === count, `${at}.data has ${flat.length} elements; its shape has ${count}`)
  return { name, datatype, shape, data: flat }
}

export function isShape(shape: unknown): shape is readonly number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size))
}

export function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  expect(typeof value === 'object' && value !== null && !Array.isArray(value), `${what} is not a JSON object`)
  return value as Readonly<Record<string, unknown>>
}

/** A 4xx with the text of the error in `error`. */
export function expectRefused({ status, json }: Reply): void {
  expect(status >= 400 && status < 500, `the status is ${status}; 400 to 499 is expected`)
  const { error } = objectOf(json, 'the answer')
  expect(typeof error === 'string' && error !== '', 'the answer has no text "error"')
}

export function outputNamed(answer: InferenceAnswer, name: string): OutputTensor {
  const found = answer.outputs.find((output) => output.name === name)
  expect(found !== undefined, `the answer has no output "${name}"`)
  return found
}
