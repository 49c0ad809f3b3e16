import { z } from 'zod'

const ruleSchema = z.enum(['evolve', 'freeze', 'quarantine'])
export type ContractRule = z.infer<typeof ruleSchema>

/** What happens to an arrival whose columns are not those of the version before. */
export const contractSchema = z
  .union([
    ruleSchema,
    z.strictObject({
      columns: ruleSchema.default('freeze').meta({ description: 'For columns that are new or missing' }),
      types: ruleSchema.default('freeze').meta({ description: 'For values of another type' }),
    }),
  ])
  .optional()
  .transform((contract) => (typeof contract === 'string' ? { columns: contract, types: contract } : contract))
  .meta({
    description:
      'evolve: columns are added and types widened; freeze: what differs is refused; quarantine: rows that differ are kept aside',
  })
export type SchemaContract = NonNullable<z.output<typeof contractSchema>>
