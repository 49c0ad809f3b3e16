import { jsonAnswer, type HttpAnswer, type HttpCall } from '../http/http-call.ts'
import type { ServingContext } from '../serving-context.ts'
import { inferenceTarget, type ModelName } from './inference-request.ts'
import { describedVariant } from './model-facts.ts'
import { openApiDocument } from './openapi-document.ts'

/** The deployment's endpoints as OpenAPI 3.1, from the signature of the version that is asked for or answers most. */
export async function openApiAnswer(
  context: ServingContext,
  call: HttpCall,
  model: ModelName,
): Promise<HttpAnswer> {
  const target = inferenceTarget(context, call, model)
  call.metrics = []
  const { plan } = describedVariant(target)
  const { signature, version } = plan
  const example = await context.exampleRow(plan)
  return jsonAnswer(
    JSON.stringify(openApiDocument({ name: model.name, signature, example, version: String(version) })),
  )
}
