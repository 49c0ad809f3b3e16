import { casesOf, expect, skip, type ConformanceCase } from '../conformance-case.ts'
import { flatInput, nestedInput, type Target } from '../target.ts'
import { sameValues } from '../tensor-example.ts'
import { infer, isShape, modelPath, needInputs, objectOf, outputNamed } from './inference-answer.ts'

const { must, should } = casesOf('core', 'core')

const datatypes = new Set(
  'BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BF16 BYTES'.split(' '),
)

/** github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md. */
export const coreCases: readonly ConformanceCase[] = [
  must('server-live', 'GET /v2/health/live says with 200 that the server is live.', async (target) => {
    const { status } = await target.send('GET', '/v2/health/live')
    expect(status === 200, `the status is ${status}`)
  }),
  must('server-ready', 'GET /v2/health/ready says with 200 that all models are ready.', async (target) => {
    const { status } = await target.send('GET', '/v2/health/ready')
    expect(status === 200, `the status is ${status}`)
  }),
  must('server-metadata', 'GET /v2 answers name, version and extensions.', async (target) => {
    const { status, json } = await target.send('GET', '/v2')
    expect(status === 200, `the status is ${status}`)
    const { name, version, extensions } = objectOf(json, 'the answer')
    expect(typeof name === 'string', 'name is not text')
    expect(typeof version === 'string', 'version is not text')
    expect(isTexts(extensions), 'extensions is not a list of texts')
  }),
  must('model-ready', 'GET /v2/models/{m}/ready says with 200 that the model is ready.', async (target) => {
    const { status } = await target.send('GET', `${modelPath(target)}/ready`)
    expect(status === 200, `the status is ${status}`)
  }),
  must('model-metadata', 'GET /v2/models/{m} answers name, platform, inputs and outputs.', async (target) => {
    const { status, json } = await target.send('GET', modelPath(target))
    expect(status === 200, `the status is ${status}`)
    const { name, platform, inputs, outputs, versions } = objectOf(json, 'the answer')
    expect(name === target.model.name, `name is ${JSON.stringify(name)}`)
    expect(typeof platform === 'string', 'platform is not text')
    expect(
      versions === undefined || versions === null || isTexts(versions),
      'versions is not a list of texts',
    )
    for (const [what, tensors] of Object.entries({ inputs, outputs })) expectTensors(tensors, what)
  }),
  must(
    'infer',
    'An inference answers model_name and outputs whose data have their shape.',
    async (target) => {
      const answer = await infer(target)
      expect(answer.model_name === target.model.name, `model_name is ${JSON.stringify(answer.model_name)}`)
      expect(answer.outputs.length > 0, 'there are no outputs')
    },
  ),
  must('infer-id', 'The id of a request is that of its answer.', async (target) => {
    const { id } = await infer(target, { more: { id: 'conformance-1' } })
    expect(id === 'conformance-1', `id is ${JSON.stringify(id)}`)
  }),
  must(
    'infer-nested',
    'Data may be nested lists of the shape, or flat: both mean the same.',
    async (target) => {
      const flat = await infer(target)
      const nested = await infer(target, { inputs: target.inputs(1).map(nestedInput) })
      expectSame(flat, nested)
    },
  ),
  must('infer-wanted', 'With outputs in the request, exactly those are answered.', async (target) => {
    const all = await infer(target)
    const { name } = all.outputs.at(-1) ?? skip('there are no outputs')
    const one = await infer(target, { more: { outputs: [{ name }] } })
    expect(one.outputs.length === 1, `${one.outputs.length} outputs came; one was asked for`)
    expect(sameValues(outputNamed(one, name).data, outputNamed(all, name).data), 'its values are others')
  }),
  must('infer-outputs', 'Outputs have the names and datatypes that the metadata say.', async (target) => {
    const known = new Map(target.model.outputs.map((output) => [output.name, output.datatype]))
    if (known.size === 0) skip('the metadata of the model names no outputs')
    for (const { name, datatype } of (await infer(target)).outputs) {
      expect(known.has(name), `the metadata have no output "${name}"`)
      expect(
        known.get(name) === datatype,
        `"${name}" is ${datatype}; the metadata say ${known.get(name) ?? ''}`,
      )
    }
  }),
  must(
    'infer-rows',
    'Rows are answered in their order, as each of them is answered alone.',
    async (target) => {
      if (!hasRows(target)) skip('not every input has a first dimension of any size')
      const together = await infer(target, { inputs: target.inputs(2).map(flatInput) })
      const first = await infer(target, { inputs: target.inputs(1, 0).map(flatInput) })
      const second = await infer(target, { inputs: target.inputs(1, 1).map(flatInput) })
      for (const { name, data } of together.outputs) {
        const alone = [...outputNamed(first, name).data, ...outputNamed(second, name).data]
        expect(sameValues(data, alone), `"${name}" of two rows together is not what they are alone`)
      }
    },
  ),
  must('version', 'A version of the metadata can be asked for by its path.', async (target) => {
    const [version] = target.model.versions
    if (version === undefined) skip('the metadata name no versions')
    const { status } = await target.send('GET', modelPath(target, version))
    expect(status === 200, `the metadata of version ${version} have the status ${status}`)
    const ready = await target.send('GET', `${modelPath(target, version)}/ready`)
    expect(ready.status === 200, `its readiness has the status ${ready.status}`)
    needInputs(target)
    const answer = await infer(target, { version })
    expect(answer.model_version === version, `model_version is ${JSON.stringify(answer.model_version)}`)
  }),
  should('infer-again', 'The same request has the same answer.', async (target) => {
    expectSame(await infer(target), await infer(target))
  }),
]

function expectSame(left: Awaited<ReturnType<typeof infer>>, right: Awaited<ReturnType<typeof infer>>): void {
  for (const { name, data } of left.outputs)
    expect(sameValues(data, outputNamed(right, name).data), `"${name}" is not the same in both answers`)
}

export function hasRows({ model }: Target): boolean {
  return model.inputs.length > 0 && model.inputs.every(({ shape }) => shape[0] === -1)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}

function expectTensors(tensors: unknown, what: string): void {
  expect(Array.isArray(tensors), `${what} is not a list`)
  for (const [index, tensor] of tensors.entries()) {
    const at = `${what}[${index}]`
    const { name, datatype, shape } = objectOf(tensor, at)
    expect(typeof name === 'string', `${at} has no name`)
    expect(
      typeof datatype === 'string' && datatypes.has(datatype),
      `${at}.datatype is not one of the protocol's`,
    )
    expect(isShape(shape) && shape.every((size) => size >= -1), `${at}.shape is not a list of sizes from -1`)
  }
}
