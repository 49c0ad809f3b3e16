import { z } from 'zod'
import { defineSection, type ReferenceIssue } from '../project/index.ts'
import { nameSchema } from './feature-contract.ts'
import { isEntityView, viewSchema, type ViewsConfig } from './views/feature-view.ts'
import { splitRuleSchema } from './splits/split-rule.ts'

const featuresExample = `features:
  buying: # by country, as it was known at the moment of each row
    source: orders
    entity: country
    time: ordered_at
    ttl: 30d
    features:
      orders_7d: { aggregate: count, over: 7d }
      mean_amount_7d: { aggregate: mean, of: amount, over: 7d }
  order: # of the row itself; part of the model's graph
    features:
      weekday: { column: ordered_at, part: weekday, encode: category }
      log_amount: { column: amount, impute: median, log: true, scale: standard }
`

export const featuresSection = defineSection({
  name: 'features',
  summary: 'Features, defined once: what they are made of, and as of when they were known.',
  schema: z.record(nameSchema, viewSchema).prefault({}),
  example: featuresExample,
  reads: ['data'],
  check: ({ features, ...others }) => sourceIssues(features, (others as Record<string, unknown>)['data']),
})

function sourceIssues(views: ViewsConfig, data: unknown): ReferenceIssue[] {
  const known = typeof data === 'object' && data !== null ? Object.keys(data) : []
  return Object.entries(views).flatMap(([name, view]): ReferenceIssue[] =>
    !isEntityView(view) || known.includes(view.source)
      ? []
      : [
          {
            path: ['features', name, 'source'],
            message: `no dataset is called "${view.source}"`,
            unknown: { name: view.source, known },
          },
        ],
  )
}

export const splitsSection = defineSection({
  name: 'splits',
  summary: 'How tables are cut into the part that is learned from and those that are not, by name.',
  schema: z.record(nameSchema, splitRuleSchema).prefault({}),
  example: `splits:
  last_month: { by: time, column: ordered_at, test: 31d }
`,
  reads: [],
})
