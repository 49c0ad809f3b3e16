import { z } from 'zod'
import { durationMs, sizeBytes } from '#contract/units'
import { defineSection } from './contract.ts'

/** Sections for this stage's tests, with every shape that real sections use. No stage's own section is copied here. */
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/)
  .meta({ description: 'Lower-case letters, digits and hyphens' })

const data = defineSection({
  name: 'data',
  summary: 'Datasets: where they come from and what they must look like.',
  schema: z
    .strictObject({
      datasets: z.record(
        name,
        z.strictObject({
          source: z.string().meta({ description: 'A path or an address' }),
          format: z.enum(['csv', 'tsv', 'json', 'ndjson', 'parquet']).optional(),
          maxSize: sizeBytes.prefault('1GB'),
        }),
      ),
    })
    .prefault({ datasets: {} }),
  example: 'data:\n  datasets:\n    flights:\n      source: flights/*.parquet\n',
})

const stepBase = {
  name,
  inputs: z.array(z.string()).default([]),
  timeout: durationMs.prefault('1h'),
  retries: z.int().min(0).max(10).default(0),
}

const step = z.union([
  z.strictObject({ ...stepBase, sql: z.string() }),
  z.strictObject({ ...stepBase, run: z.string(), parameters: z.record(z.string(), z.string()).default({}) }),
  z.strictObject({
    ...stepBase,
    train: z.strictObject({ target: z.string(), trees: z.int().positive().default(100) }),
  }),
])

const pipelines = defineSection({
  name: 'pipelines',
  summary: 'Pipelines: steps that turn data into models.',
  schema: z
    .record(
      name,
      z.strictObject({
        schedule: z.union([z.enum(['hourly', 'daily']), durationMs]).optional(),
        parallel: z.boolean().default(true),
        steps: z.array(step).min(1),
      }),
    )
    .prefault({}),
  example:
    'pipelines:\n  train:\n    steps:\n      - name: prepare\n        sql: select 1\n        inputs: [flights]\n',
  reads: ['data'],
  check(all) {
    const { datasets } = all['data'] as { datasets: Record<string, unknown> }
    const known = Object.keys(datasets)
    return Object.entries(all.pipelines).flatMap(([pipeline, { steps }]) =>
      steps.flatMap(({ inputs }, index) =>
        inputs.flatMap((input, at) =>
          known.includes(input)
            ? []
            : [
                {
                  path: ['pipelines', pipeline, 'steps', index, 'inputs', at],
                  message: `no dataset is called "${input}"`,
                  unknown: { name: input, known },
                },
              ],
        ),
      ),
    )
  },
})

const deployments = defineSection({
  name: 'deployments',
  summary: 'Deployments: which model answers, and with which share of the traffic.',
  schema: z
    .record(
      name,
      z.discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('online'),
          port: z.int().min(1).max(65_535),
          canary: z.number().min(0).lt(1),
        }),
        z.strictObject({ kind: z.literal('batch'), url: z.url() }),
      ]),
    )
    .prefault({}),
  example: 'deployments:\n  delays:\n    kind: online\n    port: 5001\n    canary: 0.1\n',
})

export const testSections = [data, pipelines, deployments]
