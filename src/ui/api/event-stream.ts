import { z } from 'zod'

/** News as the server sends them at `/api/v1/live`. */
export const newsSchema = z.object({
  sequence: z.number(),
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  actor: z.string(),
  time: z.number(),
  payload: z.record(z.string(), z.unknown()),
})
export type News = z.infer<typeof newsSchema>

/**
 * Takes the messages out of a stream of server-sent events (WHATWG HTML, 9.2.6), however its chunks are cut; answers
 * what is left over for the next chunk. Only `data` of unnamed messages is of interest here.
 */
export function takeMessages(text: string): { readonly messages: readonly string[]; readonly rest: string } {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n')
  const rest = blocks.pop() ?? ''
  const messages = blocks.flatMap((block) => {
    const lines = block.split('\n')
    if (lines.some((line) => line.startsWith('event:'))) return []
    const data = lines
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).replace(/^ /, ''))
    return data.length === 0 ? [] : [data.join('\n')]
  })
  return { messages, rest }
}
