import { z } from 'zod'

/** One table in one file. */
export const tableFormats = ['csv', 'parquet', 'ndjson'] as const
export type TableFormat = (typeof tableFormats)[number]

export const exportFormatSchema = z.enum([...tableFormats, 'files', 'tar'])
export type ExportFormat = z.infer<typeof exportFormatSchema>

export const exportResultSchema = z.object({
  dataset: z.string(),
  version: z.int(),
  format: exportFormatSchema,
  place: z.string(),
})
export type ExportResult = Readonly<z.infer<typeof exportResultSchema>>
