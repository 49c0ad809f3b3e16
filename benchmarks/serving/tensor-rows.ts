import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeInferRequest } from '#lifecycle/serving/conformance/infer-messages'
import type { BenchmarkRow } from '../row.ts'
import { forestRow, load, noteOf, startServer } from './measured-load.ts'
import { startMlserver, type Pythons } from './peer-servers.ts'

/** Rows of one request with binary tensors. */
const rowsPerRequest = 1000

/** Tensors as bytes: a row at a time over gRPC, and a thousand rows over REST. */
export async function tensorRows(
  forest: string | undefined,
  pythons: Pythons | undefined,
): Promise<BenchmarkRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'tensor-bench-'))
  const words = forest === undefined ? [] : ['--forest', forest]
  const server = await startServer([...words, '--grpc'])
  const peer =
    forest === undefined || pythons === undefined
      ? undefined
      : await startMlserver(pythons, forest, forestRow).catch(() => undefined)
  try {
    const message = join(directory, 'message')
    await writeFile(message, grpcMessage([]))
    const grpc = ['--address', server.grpc ?? '', '--message', message]
    const ours = await server.measure(grpc, 'grpc-load.ts')
    const peerMessage = join(directory, 'peer-message')
    await writeFile(peerMessage, grpcMessage(['predict_proba']))
    const theirs =
      peer === undefined
        ? undefined
        : await load(['--address', peer.grpc, '--message', peerMessage], 'grpc-load.ts')
    const body = join(directory, 'body')
    const headerLength = await writeBinary(body, ['probability'])
    const binary = await server.measure(
      binaryWords(`${server.url}/v2/models/forest/infer`, body, headerLength),
    )
    // MLServer answers 500 to binary tensors over REST; over gRPC it takes them.
    const peerBatch = join(directory, 'peer-batch')
    await writeFile(peerBatch, grpcMessage(['predict_proba'], manyRows()))
    const peerBinary =
      peer === undefined
        ? undefined
        : await load(['--address', peer.grpc, '--message', peerBatch, '--calls', '8'], 'grpc-load.ts')
    return [
      {
        name: 'gRPC, raw tensors, one row',
        ours: ours.perSecond,
        ...(theirs !== undefined && { peer: theirs.perSecond }),
        unit: 'calls/s',
        note: noteOf(ours, ours.cpu) + (theirs === undefined ? '' : `; MLServer: ${noteOf(theirs)}`),
      },
      {
        name: `binary tensors, ${rowsPerRequest} rows a request`,
        ours: binary.perSecond * rowsPerRequest,
        ...(peerBinary !== undefined && { peer: peerBinary.perSecond * rowsPerRequest }),
        unit: 'rows/s',
        note:
          noteOf(binary, binary.cpu) +
          (peerBinary === undefined ? '' : `; MLServer over gRPC: ${noteOf(peerBinary)}`),
      },
    ]
  } finally {
    peer?.close()
    await server.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function grpcMessage(outputs: readonly string[], values = Float32Array.from(forestRow)): Uint8Array {
  return encodeInferRequest({
    modelName: 'forest',
    inputs: [
      { name: 'input', datatype: 'FP32', shape: [values.length / forestRow.length, forestRow.length] },
    ],
    outputs: outputs.map((name) => ({ name })),
    rawInputs: [new Uint8Array(values.buffer)],
  })
}

function manyRows(): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: rowsPerRequest * forestRow.length },
    (_, index) => ((index * 7919) % 1000) / 1000,
  )
}

/** Writes the body of a request with binary tensors, and answers how long its JSON is. */
async function writeBinary(path: string, outputs: readonly string[]): Promise<number> {
  const values = manyRows()
  const json = Buffer.from(
    JSON.stringify({
      inputs: [
        {
          name: 'input',
          shape: [rowsPerRequest, forestRow.length],
          datatype: 'FP32',
          parameters: { binary_data_size: values.byteLength },
        },
      ],
      outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })),
    }),
  )
  await writeFile(path, Buffer.concat([json, Buffer.from(values.buffer)]))
  return json.length
}

function binaryWords(url: string, body: string, headerLength: number): string[] {
  return [
    '--url',
    url,
    '--bodyFile',
    body,
    '--connections',
    '8',
    '--header',
    'content-type: application/octet-stream',
    '--header',
    `inference-header-content-length: ${headerLength}`,
  ]
}
