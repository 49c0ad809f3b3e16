import { z } from 'zod'
import { defineSection } from '../../project/contract.ts'

const address = z
  .string()
  .regex(/^(?!.*:\/\/[^/]*@)\S.*$/)
  .meta({
    description: 's3://bucket/prefix, https://a-devmlops-server, or a folder; without a password in it',
  })

const remoteSchema = z.strictObject({
  url: address,
  token_env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .optional()
    .meta({ description: 'The environment variable that holds the token of a server' }),
  default: z.boolean().default(false).meta({ description: 'Used when no remote is named' }),
})
export type RemoteConfig = z.output<typeof remoteSchema>
export type RemotesConfig = Readonly<Record<string, RemoteConfig>>

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/)
  .meta({ description: 'Letters, digits, _ and -, starting with a letter' })

const example = `remotes:
  origin: { url: ../shared-data } # or s3://bucket/prefix, or https://a-devmlops-server
`

export const remotesSection = defineSection({
  name: 'remotes',
  summary: 'Where versions of datasets are pushed to and pulled from.',
  schema: z.record(name, remoteSchema).prefault({}),
  example,
  reads: [],
  check: ({ remotes }) => {
    const chosen = Object.entries(remotes).filter(([, remote]) => remote.default)
    return chosen.slice(1).map(([other]) => ({
      path: ['remotes', other, 'default'],
      message: `"${chosen[0]?.[0]}" is the default already`,
    }))
  },
})
