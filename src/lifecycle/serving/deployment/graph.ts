import { z } from 'zod'
import { featureFields } from '#lifecycle/features/feature-contract'
import { modelReferenceSchema } from './model-reference.ts'

const nodeName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,49}$/, 'letters, digits and _, starting with a letter')

/** `hour` of the request, `risk.probability` of the node `risk`, or `risk.scores[2]` of its third value. */
const wireSchema = z
  .string()
  .regex(/^[^\s[\]]+(\[\d{1,5}\])?$/, 'a field of the request, or node.output, or node.output[2]')

const modelNode = z.strictObject({
  name: nodeName,
  model: modelReferenceSchema,
  inputs: z
    .record(z.string().min(1), wireSchema)
    .default({})
    .describe(
      'Field of the model → where its value comes from; the field of that name in the request otherwise',
    ),
})

const {
  description: _described,
  sql: _sql,
  aggregate: _aggregate,
  lag: _lag,
  of: _of,
  over: _over,
  by: _by,
  ...steps
} = featureFields.shape

/** A feature of the row alone, with nothing to fit: the same words as under `features:`. */
const featureNode = z.strictObject({
  name: nodeName,
  feature: z
    .strictObject(steps)
    .describe('As a feature of `features:`: column, ratio or difference, and what follows'),
})

export const combinations = ['mean', 'weighted', 'min', 'max', 'vote'] as const

const outputSettings = z
  .strictObject({
    combine: z.enum(combinations).optional(),
    of: z
      .union([wireSchema, z.array(wireSchema).min(1).max(50)])
      .transform((of) => (typeof of === 'string' ? [of] : of))
      .describe('Nodes, or node.output; a node alone stands for its probability, prediction or first output'),
    weights: z.array(z.number().nonnegative()).optional().describe('One for each of `of`'),
    name: z
      .string()
      .min(1)
      .optional()
      .describe('Of the output; probability, label or prediction when left out'),
  })
  .superRefine(({ combine, of, weights }, context) => {
    const issue = (message: string): void => context.addIssue({ code: 'custom', message })
    if (combine === undefined && of.length > 1)
      issue(`several outputs need \`combine\`: ${combinations.join(', ')}`)
    if (combine === 'weighted' && weights === undefined) issue('`weighted` needs `weights`')
    if (weights !== undefined && weights.length !== of.length)
      issue(`there are ${weights.length} weights for ${of.length} outputs`)
    if (weights?.every((weight) => weight === 0) === true) issue('all weights are 0')
  })

/** `model.graph` of a deployment in devmlops.yaml: several models that answer as one. */
export const graphSettingsSchema = z
  .strictObject({
    graph: z.strictObject({
      nodes: z
        .array(z.union([modelNode, featureNode]))
        .min(1)
        .max(50),
      output: outputSettings.optional().describe('What is answered; what the last node gives when left out'),
    }),
  })
  .describe('Several models that answer as one')
export type GraphSettings = z.output<typeof graphSettingsSchema>['graph']

/** Where a value comes from, in the serving plan: a field of the request, or an output of a node before. */
const sourceSchema = z.union([
  z.object({ field: z.string() }),
  /** Without `output`: the probability or prediction of the node, or else its first output. */
  z.object({
    node: z.string(),
    output: z.string().optional(),
    index: z.int().nonnegative().optional(),
  }),
])
export type GraphSource = z.output<typeof sourceSchema>

/** What is computed of the nodes' outputs, in the serving plan. */
export const graphOutputSchema = z.object({
  /** `copy`: the output as it is. */
  combine: z.enum([...combinations, 'copy']),
  of: z.array(sourceSchema).min(1),
  weights: z.array(z.number()).optional(),
  name: z.string().optional(),
})
export type GraphOutput = z.output<typeof graphOutputSchema>

/** A step on one row, as an expression of `lifecycle/features`. */
export const graphFeatureSchema = z.object({
  name: z.string(),
  /** Column of the expression → where it comes from. */
  inputs: z.record(z.string(), sourceSchema),
  outputs: z
    .array(z.object({ name: z.string(), kind: z.enum(['number', 'category']), expression: z.unknown() }))
    .min(1),
})

export { sourceSchema as graphSourceSchema }
