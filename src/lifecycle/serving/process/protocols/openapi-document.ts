import { exampleRequest, type ExampleForm, type ExampleOf } from '../../example-contract.ts'
import type { VariantPlan } from '../../plan.ts'

type Field = VariantPlan['signature']['inputs'][number]
type Output = VariantPlan['signature']['outputs'][number]
type Schema = Readonly<Record<string, unknown>>

/** The endpoints of one deployment as an OpenAPI 3.1 document, with requests that work when they are pasted. */
export function openApiDocument(deployment: ExampleOf & { readonly version: string }): object {
  const { name, version, signature } = deployment
  return {
    openapi: '3.1.0',
    info: {
      title: name,
      version,
      description: `Predictions of ${name}. Every form takes and gives the fields of the same signature.`,
    },
    servers: [{ url: '/' }],
    security: [{}, { bearer: [] }],
    paths: Object.fromEntries(
      forms.map(({ form, summary, request, answer }) => {
        const { path, body } = exampleRequest(deployment, form)
        return [path, { post: operation({ form, summary, request, answer, body }) }]
      }),
    ),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { ...rowSchemas(signature), ...envelopes(signature.outputs) },
    },
  }
}

interface Form {
  readonly form: ExampleForm
  readonly summary: string
  readonly request: string
  readonly answer: string
}

const forms: readonly Form[] = [
  { form: 'predict', summary: 'Rows with named fields', request: 'PredictRequest', answer: 'PredictAnswer' },
  {
    form: 'inference',
    summary: 'Open Inference Protocol, version 2',
    request: 'InferRequest',
    answer: 'InferAnswer',
  },
  { form: 'kserve', summary: 'KServe, version 1', request: 'InstancesRequest', answer: 'PredictionsAnswer' },
  {
    form: 'mlflow',
    summary: "MLflow's scoring server",
    request: 'InvocationsRequest',
    answer: 'PredictionsAnswer',
  },
]

function operation({ form, summary, request, answer, body }: Form & { readonly body: object }): object {
  return {
    operationId: form,
    summary,
    requestBody: { required: true, content: json(request, { row: { summary: 'One row', value: body } }) },
    responses: {
      200: { description: 'Predictions, one a row', content: json(answer) },
      400: { description: 'The request does not fit the signature; the text names the field' },
      401: { description: 'A key is needed' },
      413: { description: 'Too many rows or bytes' },
      429: { description: 'Too many requests; Retry-After says when to come back' },
      503: { description: 'Not ready, or too busy; Retry-After says when to come back' },
    },
  }
}

function json(schema: string, examples?: object): object {
  return {
    'application/json': { schema: reference(schema), ...(examples === undefined ? {} : { examples }) },
  }
}

function reference(schema: string): Schema {
  return { $ref: `#/components/schemas/${schema}` }
}

const listOf = (items: Schema): Schema => ({ type: 'array', minItems: 1, items })

function rowSchemas({ inputs, outputs }: VariantPlan['signature']): Readonly<Record<string, Schema>> {
  return {
    Row: {
      type: 'object',
      required: inputs.filter((field) => field.required).map((field) => field.name),
      properties: Object.fromEntries(inputs.map((field) => [field.name, inputSchema(field)])),
      additionalProperties: false,
    },
    Prediction: {
      type: 'object',
      required: ['id', ...outputs.map((output) => output.name), 'variant', 'version'],
      properties: {
        id: { type: 'string', description: 'What the prediction is called in the log and by its label' },
        ...Object.fromEntries(outputs.map((output) => [output.name, outputSchema(output)])),
        variant: { type: 'string' },
        version: { type: 'integer' },
      },
    },
  }
}

function envelopes(outputs: readonly Output[]): Readonly<Record<string, Schema>> {
  const [only] = outputs
  const text = { type: 'string' }
  const tensor = (values: Schema): Schema => ({
    type: 'object',
    required: ['name', 'shape', 'datatype'],
    properties: {
      name: text,
      shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
      datatype: text,
      data: { type: 'array', items: values },
      parameters: { type: 'object' },
    },
  })
  return {
    PredictRequest: {
      type: 'object',
      required: ['rows'],
      properties: {
        rows: listOf(reference('Row')),
        ids: { ...listOf(text), description: 'Your names for the predictions, one a row' },
        key: { ...text, description: 'Rows of one key come from one variant' },
        keys: listOf(text),
        event_time: { ...text, format: 'date-time' },
        event_times: listOf({ ...text, format: 'date-time' }),
      },
      additionalProperties: false,
    },
    PredictAnswer: {
      type: 'object',
      required: ['predictions'],
      properties: { predictions: listOf(reference('Prediction')) },
    },
    InferRequest: {
      type: 'object',
      required: ['inputs'],
      properties: {
        id: text,
        parameters: { type: 'object' },
        inputs: listOf(tensor({})),
        outputs: listOf({
          type: 'object',
          required: ['name'],
          properties: { name: text, parameters: { type: 'object' } },
        }),
      },
    },
    InferAnswer: {
      type: 'object',
      required: ['model_name', 'outputs'],
      properties: { model_name: text, model_version: text, id: text, outputs: listOf(tensor({})) },
    },
    InstancesRequest: {
      type: 'object',
      required: ['instances'],
      properties: { instances: listOf(reference('Row')) },
    },
    InvocationsRequest: {
      type: 'object',
      required: ['dataframe_records'],
      properties: { dataframe_records: listOf(reference('Row')) },
    },
    PredictionsAnswer: {
      type: 'object',
      required: ['predictions'],
      properties: {
        predictions: {
          type: 'array',
          items: outputs.length === 1 && only !== undefined ? outputSchema(only) : { type: 'object' },
        },
      },
    },
  }
}

const typeSchemas: Readonly<Record<Field['type'], Schema>> = {
  boolean: { type: 'boolean' },
  integer: { type: 'integer', format: 'int32', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  long: { type: 'integer', format: 'int64' },
  float: { type: 'number', format: 'float' },
  double: { type: 'number', format: 'double' },
  string: { type: 'string' },
  datetime: { type: 'string', format: 'date-time' },
}

function inputSchema({ type, shape, required }: Field): Schema {
  const schema = nestedSchema(typeSchemas[type], shape ?? [])
  return required ? schema : { ...schema, type: [schema['type'], 'null'] }
}

/** A number that JSON cannot say, such as NaN, is answered as null. */
function outputSchema({ type, shape }: Output): Schema {
  const value = typeSchemas[type]
  return nestedSchema({ ...value, type: [value['type'], 'null'] }, shape ?? [])
}

function nestedSchema(value: Schema, [first, ...rest]: readonly number[]): Schema {
  if (first === undefined) return value
  return { type: 'array', minItems: first, maxItems: first, items: nestedSchema(value, rest) }
}
