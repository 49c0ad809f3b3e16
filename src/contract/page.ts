import { z } from 'zod'

/** The part of a list's input that pages it. */
export const pageInput = {
  limit: z.number().int().min(1).max(1000).default(100).describe('How many at the most'),
  after: z.string().optional().describe('The `next` of the page before'),
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().optional() })
}
