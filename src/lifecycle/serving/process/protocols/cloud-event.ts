import { fail } from '#contract/errors'
import { headerText, objectOf, optionalText, type HttpAnswer, type HttpCall } from '../http/http-call.ts'
import { parseJsonBody } from '../http/json-body.ts'
import { clip, describe } from '../rows/field-error.ts'
import type { ServingContext } from '../serving-context.ts'

/** A request that came as a CloudEvent: its id, and whether its attributes were headers or stood in the body. */
export interface RequestEvent {
  readonly id: string
  readonly mode: 'binary' | 'structured'
}

const structuredType = 'application/cloudevents+json'

/** The data of a request, bare or in a CloudEvent (cloudevents.io, HTTP protocol binding 1.0, sections 3.1 and 3.2). */
export function readEvent(call: HttpCall): {
  readonly event: RequestEvent | undefined
  readonly data: unknown
} {
  const { headers } = call
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() === structuredType) {
    const envelope = objectOf(parseJsonBody(call.body), 'The event')
    const id = checkedEvent(envelope, (attribute) => attribute)
    return { event: { id, mode: 'structured' }, data: dataOf(envelope) }
  }
  if (headers['ce-specversion'] === undefined) return { event: undefined, data: parseJsonBody(call.body) }
  const attributes = {
    id: headerText(headers, 'ce-id'),
    source: headers['ce-source'],
    type: headers['ce-type'],
    specversion: headers['ce-specversion'],
  }
  const id = checkedEvent(attributes, (attribute) => `header ce-${attribute}`)
  return { event: { id, mode: 'binary' }, data: parseJsonBody(call.body) }
}

/** The id; fails unless every attribute that an event must have is there. */
function checkedEvent(
  attributes: Readonly<Record<string, unknown>>,
  place: (attribute: string) => string,
): string {
  for (const name of ['source', 'type']) {
    const value = attributes[name]
    if (typeof value === 'string' && value !== '') continue
    fail('invalid_input', `${place(name)} of the event is ${describe(value)}; text is expected.`, {
      at: place(name),
    })
  }
  const { specversion } = attributes
  if (specversion !== '1.0') {
    fail(
      'invalid_input',
      `${place('specversion')} of the event is ${describe(specversion)}; "1.0" is expected.`,
      {
        at: place('specversion'),
      },
    )
  }
  const id = optionalText(attributes['id'], place('id'))
  return id ?? fail('invalid_input', `${place('id')} of the event is missing.`, { at: place('id') })
}

function dataOf({
  data,
  data_base64: base64,
  datacontenttype: type,
}: Readonly<Record<string, unknown>>): unknown {
  if (typeof base64 === 'string') return parseJsonBody(Buffer.from(base64, 'base64'))
  if (typeof type === 'string' && !/\bjson\b/i.test(type))
    fail('invalid_input', `datacontenttype of the event is ${clip(type)}; JSON is expected.`, {
      at: 'datacontenttype',
    })
  return data
}

/** The answer in the form that the request came in, with the attributes that KServe gives it. */
export function eventAnswer(
  { mode }: RequestEvent,
  answer: {
    readonly name: string
    readonly id: string
    /** JSON. */
    readonly text: string
    readonly context: Pick<ServingContext, 'clock'>
  },
): HttpAnswer {
  const attributes = {
    specversion: '1.0',
    id: answer.id,
    source: `io.kserve.inference.${answer.name}`,
    type: 'io.kserve.inference.response',
    time: new Date(answer.context.clock.now()).toISOString(),
  }
  if (mode === 'binary') {
    const headers = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]),
    )
    return { status: 200, type: 'application/json', body: answer.text, headers }
  }
  const envelope = JSON.stringify({ ...attributes, datacontenttype: 'application/json' })
  return { status: 200, type: structuredType, body: `${envelope.slice(0, -1)},"data":${answer.text}}` }
}
