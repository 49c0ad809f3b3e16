import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'

/** Ways in which the small server of the test breaks the protocol. */
export type Fault =
  | 'not live'
  | 'no list of extensions'
  | 'other name in the metadata'
  | 'forgets the id'
  | 'reads only the first of nested data'
  | 'answers outputs that were not asked for'
  | 'turns rows around'
  | 'says another datatype than the metadata'
  | 'shape and data disagree'
  | 'knows every model'
  | 'faults are its own'
  | 'errors without text'
  | 'believes any count'
  | 'breaks off'
  | 'hangs'
  | 'big-endian'
  | 'keeps binary outputs in JSON'
  | 'believes any binary size'
  | 'lists what is not ready'
  | 'loads anything'
  | 'counts nothing'

interface Tensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

interface WireTensor extends Omit<Tensor, 'data'> {
  readonly data?: unknown
  readonly parameters?: { readonly binary_data_size?: number }
}

/** A server of one model that adds and multiplies two columns, right in everything but one fault. */
export async function startFaultyServer(test: Pick<TestContext, 'after'>, fault?: Fault): Promise<string> {
  let inferences = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      try {
        answer(request, response, Buffer.concat(chunks))
      } catch (error) {
        if (fault === 'breaks off') return void response.destroy()
        if (fault === 'hangs') return
        const body = fault === 'errors without text' ? 'wrong' : JSON.stringify({ error: String(error) })
        response.writeHead(fault === 'faults are its own' ? 500 : 400).end(body)
      }
    })
  })
  const answer = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const json = (value: unknown, status = 200): void =>
      void response.writeHead(status).end(JSON.stringify(value))
    const path = request.url ?? ''
    if (path === '/v2/health/live') return void response.writeHead(fault === 'not live' ? 503 : 200).end()
    if (path === '/v2/health/ready') return json({ ready: true })
    const extensions = ['binary_tensor_data', 'model_repository', 'statistics']
    if (path === '/v2')
      return json({
        name: 'small',
        version: '1',
        ...(fault === 'no list of extensions' ? {} : { extensions }),
      })
    if (path === '/v2/repository/index') return json(index(body))
    if (/\/repository\/models\/[^/]+\/(?:load|unload)$/.test(path))
      return path.includes('/sums/') || fault === 'loads anything'
        ? json({})
        : json({ error: 'unknown' }, 404)
    if (!path.startsWith('/v2/models/sums') && fault !== 'knows every model')
      return json({ error: 'unknown' }, 404)
    if (path.endsWith('/ready')) return json({ name: 'sums', ready: true })
    if (path.endsWith('/stats')) return json(stats())
    if (path.endsWith('/infer')) return infer(request, response, body)
    json(metadata(fault))
  }
  const index = (body: Buffer): unknown => {
    const ready = { name: 'sums', version: '1', state: 'READY', reason: '' }
    const { ready: readyOnly } = JSON.parse(body.toString()) as { ready?: boolean }
    return readyOnly === true && fault !== 'lists what is not ready'
      ? [ready]
      : [ready, { name: 'other', state: 'UNAVAILABLE' }]
  }
  const stats = (): unknown => ({
    model_stats: [
      {
        name: 'sums',
        version: '1',
        inference_count: inferences,
        execution_count: inferences,
        inference_stats: {},
      },
    ],
  })
  const infer = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const header = request.headers['inference-header-content-length']
    const end = header === undefined ? body.length : Number(header)
    if (end > body.length) throw new Error('the header is longer than the body')
    const asked = JSON.parse(body.subarray(0, end).toString()) as {
      readonly id?: string
      readonly inputs?: readonly WireTensor[]
      readonly outputs?: readonly { name: string; parameters?: { binary_data?: boolean } }[]
      readonly parameters?: { readonly binary_data_output?: boolean }
    }
    let at = end
    const inputs = (asked.inputs ?? []).map((tensor) => {
      const size = tensor.parameters?.binary_data_size
      const read = readTensor(tensor, size === undefined ? undefined : body.subarray(at, at + size), fault)
      at += size ?? 0
      return read
    })
    const outputs = score(inputs, fault).filter(
      ({ name }) =>
        asked.outputs === undefined ||
        asked.outputs.some((output) => output.name === name) ||
        fault === 'answers outputs that were not asked for',
    )
    if (asked.outputs !== undefined && outputs.length === 0) throw new Error('there is no such output')
    if (fault !== 'counts nothing') inferences++
    const isBinary =
      fault !== 'keeps binary outputs in JSON' &&
      (asked.parameters?.binary_data_output === true ||
        asked.outputs?.some(({ parameters }) => parameters?.binary_data === true) === true)
    sendOutputs(response, { id: fault === 'forgets the id' ? undefined : asked.id, outputs, isBinary }, fault)
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`
}

function metadata(fault: Fault | undefined): object {
  const tensor = (name: string): object => ({ name, datatype: 'FP32', shape: [-1, 2] })
  return {
    name: fault === 'other name in the metadata' ? 'another' : 'sums',
    platform: 'test_none',
    inputs: [tensor('left'), tensor('right')],
    outputs: [tensor('sum'), tensor('product')],
  }
}

function readTensor(tensor: WireTensor, bytes: Buffer | undefined, fault: Fault | undefined): Tensor {
  const { name, datatype, shape } = tensor
  if (datatype !== 'FP32') throw new Error(`${datatype} is not FP32`)
  if (name !== 'left' && name !== 'right') throw new Error(`there is no input ${name}`)
  const count = shape.reduce((product, size) => product * size, 1)
  if (shape.some((size) => size < 0) || count > 1e6) throw new Error('the shape is wrong')
  let data: readonly unknown[]
  if (bytes === undefined) {
    const given = tensor.data as unknown[]
    data =
      fault === 'reads only the first of nested data' && Array.isArray(given[0])
        ? given.map(() => 1)
        : given.flat(9)
    if (fault === 'reads only the first of nested data') data = [...data, ...data].slice(0, count)
  } else {
    if (bytes.length !== count * 4 && fault !== 'believes any binary size')
      throw new Error('the size is wrong')
    data = Array.from({ length: count }, (_, index) =>
      index * 4 + 4 <= bytes.length ? bytes.readFloatLE(index * 4) : 0,
    )
  }
  if (data.length !== count && fault !== 'believes any count') throw new Error('the count is wrong')
  if (data.some((value) => typeof value !== 'number')) throw new Error('an element is no number')
  return { name, datatype, shape, data: data as number[] }
}

function score(inputs: readonly Tensor[], fault: Fault | undefined): readonly Tensor[] {
  const [left, right] = inputs
  if (left === undefined || right === undefined || inputs.length > 2) throw new Error('two inputs are needed')
  const make = (name: string, of: (first: number, second: number) => number): Tensor => {
    const data = left.data.map((value, index) => of(value, right.data[index] ?? 0))
    if (fault === 'turns rows around' && data.length > 2) data.push(...data.splice(0, 2))
    return {
      name,
      datatype: fault === 'says another datatype than the metadata' ? 'FP64' : 'FP32',
      shape: [fault === 'shape and data disagree' ? 9 : data.length / 2, 2],
      data,
    }
  }
  return [make('sum', (first, second) => first + second), make('product', (first, second) => first * second)]
}

function sendOutputs(
  response: ServerResponse,
  {
    id,
    outputs,
    isBinary,
  }: { readonly id: string | undefined; readonly outputs: readonly Tensor[]; readonly isBinary: boolean },
  fault: Fault | undefined,
): void {
  const parts: Buffer[] = []
  const tensors = outputs.map(({ name, datatype, shape, data }) => {
    if (!isBinary) return { name, datatype, shape, data }
    const bytes = Buffer.alloc(data.length * 4)
    data.forEach((value, index) =>
      fault === 'big-endian' ? bytes.writeFloatBE(value, index * 4) : bytes.writeFloatLE(value, index * 4),
    )
    parts.push(bytes)
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } }
  })
  const header = Buffer.from(JSON.stringify({ model_name: 'sums', id, outputs: tensors }))
  const headers = isBinary ? { 'inference-header-content-length': String(header.length) } : {}
  response.writeHead(200, headers).end(Buffer.concat([header, ...parts]))
}
