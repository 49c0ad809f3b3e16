import { datatypeOf } from '../rows/datatype.ts'
import { jsonAnswer, type HttpAnswer } from '../http/http-call.ts'
import type { InferenceBody } from './inference-body.ts'
import type { Inference, InferredOutput } from './inference-request.ts'
import { outputBytes } from './output-bytes.ts'
import { valueText } from './output-text.ts'

/** The answer as JSON; tensors that the client wants as binary follow it, in order. */
export function inferenceAnswer(
  inference: Inference,
  { outputs: wanted, binaryOutputs }: Pick<InferenceBody, 'outputs' | 'binaryOutputs'>,
): HttpAnswer {
  const binary: Buffer[] = []
  const tensors = inference.outputs.map((output, index) => {
    if (!(wanted[index]?.binary ?? binaryOutputs))
      return tensorText(output, inference.rows, `"data":[${dataText(output, inference.rows)}]`)
    const { column, field, offset } = output
    const bytes = outputBytes(column, field.type, { offset, rows: inference.rows })
    binary.push(bytes)
    return tensorText(output, inference.rows, `"parameters":{"binary_data_size":${bytes.length}}`)
  })
  const text = answerText(inference, tensors)
  if (binary.length === 0) return jsonAnswer(text)
  const json = Buffer.from(text)
  return {
    status: 200,
    type: 'application/octet-stream',
    body: Buffer.concat([json, ...binary]),
    headers: { 'inference-header-content-length': String(json.length) },
  }
}

function answerText({ id, deployment, variant }: Inference, tensors: readonly string[]): string {
  return `{"model_name":"${deployment.plan.name}","model_version":"${variant.plan.version}","id":${JSON.stringify(id)},"parameters":{"variant":"${variant.name}"},"outputs":[${tensors.join(',')}]}`
}

function tensorText({ field, column }: InferredOutput, rows: number, values: string): string {
  return `{"name":${JSON.stringify(field.name)},"shape":[${outputShape({ field, column }, rows).join(',')}],"datatype":"${datatypeOf[field.type]}",${values}}`
}

/** One value per row has the shape [rows]; of several, what the signature says of their shape is said where it fits. */
export function outputShape(
  { field, column }: Pick<InferredOutput, 'field' | 'column'>,
  rows: number,
): readonly number[] {
  const { shape } = field
  if (shape !== undefined && shape.reduce((product, dimension) => product * dimension, 1) === column.width)
    return [rows, ...shape]
  return column.width === 1 ? [rows] : [rows, column.width]
}

function dataText({ field, column, offset }: InferredOutput, rows: number): string {
  const { width, values } = column
  const end = (offset + rows) * width
  let data = ''
  for (let index = offset * width; index < end; index++) {
    const text = valueText(values[index] as number | string | bigint, field.type)
    data += index === offset * width ? text : `,${text}`
  }
  return data
}
