import { z } from 'zod'

export const leakSchema = z.object({
  kind: z.enum([
    'sum',
    'predicts_label',
    'position',
    'key',
    'shared_rows',
    'shared_features',
    'shared_keys',
    'conflicting_labels',
    'duplicate_rows',
    'time_order',
    'shared_dates',
    'new_labels',
    'new_categories',
    'changed_power',
  ]),
  severity: z.enum(['error', 'warning']).describe('error: an evaluation on these rows would not be true'),
  columns: z.array(z.string()),
  message: z.string(),
  rows: z.int().optional().describe('rows that it is about'),
})
export type Leak = Readonly<z.infer<typeof leakSchema>>

export const leakageReportSchema = z.object({
  train: z.object({ name: z.string(), rows: z.int() }),
  test: z.object({ name: z.string(), rows: z.int() }).nullable(),
  label: z.string(),
  leaks: z.array(leakSchema).describe('errors first'),
})
export type LeakageReport = Readonly<z.infer<typeof leakageReportSchema>>
