import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'

const problemSchema = z.object({ subject: z.string(), reason: z.string() })

const importSchema = z.object({
  id: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  source: z.string(),
  /** What it is at. */
  doing: z.string(),
  counts: z.record(z.string(), z.number()),
  problems: z.array(problemSchema).describe('The first of what could not be brought'),
  problemCount: z.int(),
  leftBehind: z.array(z.object({ what: z.string(), count: z.int() })),
  error: z.string().nullable(),
})
export type MlflowImport = z.infer<typeof importSchema>

export const mlflowImportContract = {
  start: endpoint({
    method: 'POST',
    path: '/api/v1/imports/mlflow',
    summary:
      'Bring runs and models out of an MLflow folder, database or server; the same again brings what is new',
    permission: 'admin',
    input: z
      .object({
        source: z
          .string()
          .min(1)
          .max(4096)
          .describe('A folder or a file of the server’s machine, sqlite:///…, postgresql://… or http(s)://…'),
        experimentPrefix: z
          .string()
          .max(200)
          .default('')
          .describe('Goes in front of the names of experiments'),
        artifacts: z.boolean().default(true).describe('False leaves the files where they are'),
        maps: z
          .array(z.object({ from: z.string().min(1), to: z.string() }))
          .max(100)
          .default([])
          .describe('Beginnings of artifact URIs that have moved'),
        credentials: z
          .object({
            username: z.string().optional(),
            password: z.string().optional(),
            token: z.string().optional(),
          })
          .default({})
          .describe('Of the server or database; kept in memory only'),
      })
      .transform(withoutPassword),
    output: importSchema,
    errors: ['not_found', 'unreadable_data', 'store_in_use', 'server_unreachable', 'permission_denied'],
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/v1/imports/:importId',
    summary: 'Show how far an import is, and at its end what it brought and what it could not',
    permission: 'read',
    input: z.object({ importId: z.string() }),
    output: importSchema,
    errors: ['not_found'],
  }),
} as const satisfies Contract

/** A password in a URL would be in the audit record and in the job. */
function withoutPassword<
  Input extends {
    source: string
    credentials: { username?: string | undefined; password?: string | undefined; token?: string | undefined }
  },
>(input: Input): Input {
  const [, start, user = '', password, rest = ''] =
    /^([a-z][a-z0-9+.-]*:\/\/)([^/@:]*):([^/@]*)@(.*)$/i.exec(input.source) ?? []
  if (start === undefined || password === undefined) return input
  return {
    ...input,
    source: `${start}${user === '' ? '' : `${user}@`}${rest}`,
    credentials: {
      ...input.credentials,
      username: input.credentials.username ?? decoded(user),
      password: input.credentials.password ?? decoded(password),
    },
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
