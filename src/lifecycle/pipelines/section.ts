import * as z from 'zod'
import { durationMs } from '#contract/units'
import { defineSection, type ReferenceIssue } from '../project/index.ts'
import { parameterValueSchema, type ParameterValue } from './contract.ts'
import { namePattern } from './reference.ts'
import { referenceIssues } from './reference-check.ts'
import type { StepForm } from './step-kind-point.ts'

const name = z.string().regex(namePattern).meta({ description: 'Letters, digits, - and _' })
const reference = z
  .string()
  .meta({ description: 'data.NAME, data.NAME@VERSION, STEP, STEP.OUTPUT or file:PATH' })

/** Fields that a step of every kind may have. */
const stepFields = {
  inputs: z.record(name, reference).prefault({}).meta({ description: 'What the step reads, by name' }),
  outputs: z
    .union([z.array(name), z.record(name, z.string().min(1))])
    .prefault([])
    .meta({
      description:
        'What the step makes: names, or names with the file (model.onnx) or folder (plots/) of each',
    }),
  parameters: z
    .record(name, parameterValueSchema)
    .optional()
    .meta({ description: 'Values for this step; $NAME stands for a parameter of the pipeline' }),
  needs: z.array(name).prefault([]).meta({ description: 'Steps that must be finished before it' }),
  environment: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
    .prefault([])
    .meta({ description: 'Environment variables that it sees; a changed value runs it again' }),
  code: z
    .array(z.string().min(1))
    .optional()
    .meta({ description: 'Files and globs that it depends on, relative to the project' }),
  retries: z
    .number()
    .int()
    .min(0)
    .max(20)
    .default(0)
    .meta({ description: 'How often a failure is tried again' }),
  retry_delay: durationMs
    .prefault('1s')
    .meta({ description: 'Before the first retry; doubles with each, up to a minute' }),
  timeout: durationMs.optional().meta({ description: 'Limit of one attempt' }),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional()
    .meta({ description: 'Seed handed to the step' }),
  cache: z.boolean().default(true).meta({ description: 'false: run it every time' }),
} as const

const fieldsSchema = z.object(stepFields)
/** A step as it stands in the file: these fields, and one key for its kind. */
export type StepConfig = z.output<typeof fieldsSchema> & Readonly<Record<string, unknown>>

export interface PipelineConfig {
  readonly description?: string | undefined
  /** Datasets of which a new version starts it. */
  readonly on_arrival: readonly string[]
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly steps: Readonly<Record<string, StepConfig>>
}

export type PipelinesConfig = Readonly<Record<string, PipelineConfig>>

const ownExample = `pipelines:
  train:
    parameters: { days: 30 }
    steps:
      prepare:
        sql: SELECT * FROM events WHERE day > $days
        outputs: [prepared]
      report:
        run: python report.py
        inputs: { rows: prepare.prepared }
        outputs: { page: report.html }
        timeout: 10m
        retries: 1
`

/** The section `pipelines`, with the kinds of step that composition lists and an example that may use all of them. */
export function createPipelinesSection(forms: readonly StepForm[], example = ownExample) {
  const shapes = forms.map((form) =>
    z.strictObject({ [form.name]: form.schema.meta({ description: form.summary }), ...stepFields }),
  )
  const step = z.union(shapes as [(typeof shapes)[0], ...typeof shapes]).meta({ title: 'Step' })
  const pipeline = z.strictObject({
    description: z.string().optional(),
    on_arrival: z
      .array(name)
      .prefault([])
      .meta({ description: 'Datasets; a new version of one starts the pipeline' }),
    parameters: z
      .record(name, parameterValueSchema)
      .prefault({})
      .meta({ description: 'Names and defaults; `devmlops run PIPELINE --param NAME=VALUE` sets them' }),
    steps: z
      .record(name, step)
      .refine((steps) => Object.keys(steps).length > 0, { message: 'a pipeline has at least one step' }),
  })
  return defineSection({
    name: 'pipelines',
    summary: 'Steps that turn data into models and reports; only what changed runs again.',
    schema: z.record(name, pipeline).prefault({}),
    example,
    reads: ['data'],
    check: ({ pipelines, ...others }) => {
      const datasets = namesIn((others as Record<string, unknown>)['data'])
      return [...referenceIssues(pipelines, { forms, datasets }), ...unknownArrivals(pipelines, datasets)]
    },
  })
}

function unknownArrivals(pipelines: PipelinesConfig, datasets: readonly string[]): ReferenceIssue[] {
  return Object.entries(pipelines).flatMap(([pipeline, { on_arrival: awaited }]) =>
    awaited.flatMap((dataset, index) =>
      datasets.includes(dataset)
        ? []
        : [
            {
              path: ['pipelines', pipeline, 'on_arrival', index],
              message: `no dataset is called "${dataset}"`,
              unknown: { name: dataset, known: datasets },
            },
          ],
    ),
  )
}

function namesIn(section: unknown): string[] {
  return typeof section === 'object' && section !== null ? Object.keys(section) : []
}
