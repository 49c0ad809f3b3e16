import type { PredictionRecord } from './record.ts'

/** Attributes of CloudEvents 1.0 and what it carries. */
export interface CloudEvent {
  readonly attributes: Readonly<Record<string, string>>
  readonly data: unknown
}

/**
 * A prediction as KServe's payload logger tells it: an event of the request and one of the response, with one id. Names are
 * those of its receivers: lower case, without separators.
 */
export function kserveEvents(record: PredictionRecord, namespace = 'default'): readonly CloudEvent[] {
  const { id, deployment, variant, version, model, inputs, outputs } = record
  const attributes = {
    specversion: '1.0',
    id,
    source: `/deployments/${deployment}`,
    time: new Date(record.time).toISOString(),
    datacontenttype: 'application/json',
    inferenceservicename: deployment,
    namespace,
    component: 'predictor',
    endpoint: variant === 'champion' ? 'default' : variant,
    modelname: model,
    modelversion: String(version),
    recordedtime: new Date(record.time).toISOString(),
    ...(record.trace_id === undefined ? {} : { traceid: record.trace_id }),
    ...(record.weight === undefined ? {} : { sampleweight: String(record.weight) }),
  }
  const typed = (type: string, data: unknown): CloudEvent => ({
    attributes: { ...attributes, type: `org.kubeflow.serving.inference.${type}` },
    data,
  })
  return [typed('request', { id, instances: [inputs] }), typed('response', { id, predictions: [outputs] })]
}

/** The HTTP binding's binary mode: attributes as headers, the data as the body. */
export function binaryMode({ attributes, data }: CloudEvent): {
  headers: Record<string, string>
  body: string
} {
  const { datacontenttype = 'application/json', ...others } = attributes
  const headers: Record<string, string> = { 'Content-Type': datacontenttype }
  for (const [name, value] of Object.entries(others)) headers[`ce-${name}`] = headerText(value)
  return { headers, body: JSON.stringify(data) }
}

/** Section 3.1.3.2 of the binding: what is no printable ASCII, space, quote and per cent is percent-encoded. */
function headerText(value: string): string {
  return value.replaceAll(/[^\x21\x23\x24\x26-\x7e]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}
