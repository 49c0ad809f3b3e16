import { z } from 'zod'

/** A name that a person gave a version of a dataset. */
export const datasetTagSchema = z.object({
  dataset: z.string(),
  tag: z.string(),
  version: z.int(),
  createdAt: z.int(),
  createdBy: z.string(),
})
export type DatasetTag = Readonly<z.infer<typeof datasetTagSchema>>
