import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fail } from '#contract/errors'
import { formatCount } from '#contract/units'
import type { StepContext, StepForm, StepKind } from '../../pipelines/index.ts'
import { openTables, quoteText } from '#platform/tables/index'
import type { ViewUse } from '../view-use.ts'
import { definitionDigest, requireView, type ViewsConfig } from '../views/feature-view.ts'
import { joinedViews, joinFieldsSchema, viewsNamed } from './join-request.ts'
import { joinedRows, joinPointInTime } from './point-in-time.ts'

const configSchema = z.strictObject({
  rows: z
    .string()
    .min(1)
    .describe('The rows that features are wanted for, such as prepare.rows or data.orders'),
  ...joinFieldsSchema.shape,
})
export type JoinStep = z.output<typeof configSchema>

export const joinForm: StepForm<JoinStep> = {
  name: 'join',
  summary: 'Give each row the features that were known at its moment',
  schema: configSchema,
  inputs: ({ rows }) => ({ rows }),
  outputs: (_config, step) =>
    Object.keys(step.outputs).length === 0
      ? [{ name: 'rows', kind: 'table' }]
      : Object.keys(step.outputs).map((name) => ({ name, kind: 'table' })),
}

export interface JoinStepDependencies {
  readonly views: () => Promise<ViewsConfig>
  /** Keeps which definition was used for what. */
  readonly recordUse: (use: ViewUse) => Promise<void>
}

/** The `join` step: a point-in-time join of feature views, whose sources are the step's other inputs. */
export function joinStep({ views: readViews, recordUse }: JoinStepDependencies): StepKind<JoinStep> {
  return {
    ...joinForm,
    version: '1',
    usesAllCores: true,
    environment: async (config) => {
      const views = await readViews()
      return Object.fromEntries(
        viewsNamed(config.features).map((name) => [
          `feature view ${name}`,
          definitionDigest(requireView(views, name)),
        ]),
      )
    },
    run: async (context) => {
      const views = await readViews()
      const path = await runJoin(context, views)
      for (const view of viewsNamed(context.config.features)) {
        await recordUse({
          view,
          definition: requireView(views, view),
          features:
            joinedViews(context.config, { views, relationOf: () => '' }).find(
              (joined) => joined.name === view,
            )?.features ?? [],
          user: { kind: 'step', id: context.stepRunId, name: `${context.pipeline}.${context.step}` },
          actor: context.actor,
        })
      }
      const [output] = context.outputs
      return { [output?.name ?? 'rows']: { kind: 'table', ...path } }
    },
  }
}

async function runJoin(context: StepContext<JoinStep>, views: ViewsConfig) {
  const { config, inputs } = context
  const rows = inputs['rows'] ?? fail('internal', 'The step has no rows.')
  const relation =
    rows.relation ?? fail('invalid_input', `${rows.label} is not a table.`, { at: rows.reference })
  const joined = joinedViews(config, {
    views,
    relationOf: (source, view) => {
      const input = inputs[source]
      if (input?.relation !== undefined) return input.relation
      return fail(
        'invalid_input',
        `The feature view "${view}" is made of "${source}", which the step does not read.`,
        {
          hint: `Add it to the step: inputs: { ${source}: data.${source} }`,
          at: source,
        },
      )
    },
  })
  const outputDirectory = join(context.workDirectory, 'outputs')
  await mkdir(outputDirectory, { recursive: true })
  const tables = await openTables({
    allowedDirectories: [outputDirectory],
    allowedPaths: Object.values(inputs).flatMap(({ allowedPaths }) => allowedPaths),
    temporaryDirectory: join(context.workDirectory, 'tmp'),
  })
  const interrupt = (): void => tables.interrupt()
  context.signal.addEventListener('abort', interrupt)
  try {
    const report = await joinPointInTime(tables, {
      rows: relation,
      label: rows.label,
      time: config.time,
      boundary: config.boundary,
      views: joined,
    })
    for (const note of report.notes) context.log(`note: ${note}`)
    for (const { view, matched } of report.views) {
      context.log(
        `${view}: ${formatCount(matched)} of ${formatCount(report.rows)} rows have a value that was known`,
      )
    }
    const path = join(outputDirectory, 'rows.parquet')
    await tables.run(
      `COPY (${joinedRows}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    )
    return { path, rows: report.rows }
  } finally {
    context.signal.removeEventListener('abort', interrupt)
    tables.close()
  }
}
