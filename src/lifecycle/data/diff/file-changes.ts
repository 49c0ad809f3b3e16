import { z } from 'zod'

const count = z.int().min(0)

export const fileDiffSchema = z.object({
  added: count,
  removed: count,
  modified: count,
  renamed: count.describe('a file that is gone, and one with the same bytes that is new'),
  sizeBytes: z
    .object({ added: count, removed: count })
    .describe('bytes of added and removed files, and what modified ones gained or lost'),
  items: z
    .array(
      z.object({
        kind: z.enum(['added', 'removed', 'modified', 'renamed']),
        path: z.string(),
        from: z.string().optional().describe('where a renamed file was'),
      }),
    )
    .describe('the first of them, by path'),
})
export type FileDiff = Readonly<z.infer<typeof fileDiffSchema>>
export type FileItem = FileDiff['items'][number]
