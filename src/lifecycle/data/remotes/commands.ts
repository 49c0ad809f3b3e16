import type { DatasetReference } from '../reference.ts'
import type { Command, CommandContext } from '#platform/terminal/index'
import { gcCommand } from './gc-command.ts'
import { openTasks } from './open-tasks.ts'

const remote = {
  type: 'string',
  value: 'REMOTE',
  summary: 'a name of devmlops.yaml, or an address (default: the default remote)',
} as const
const renumber = {
  type: 'boolean',
  summary: 'Give a version the next free number where its own is taken by another one',
} as const
const name = { name: 'NAME', summary: 'the dataset, or NAME@VERSION; every dataset without it' } as const

interface Wanted {
  readonly name?: string
  readonly version?: DatasetReference['version']
}

async function wanted(context: CommandContext): Promise<Wanted> {
  const given = context.arguments.optional('NAME')
  if (given === undefined) return {}
  const { parseReference } = await import('../reference.ts')
  const { name: dataset, version } = parseReference(given)
  return { name: dataset, ...(given.includes('@') && { version }) }
}

/** `latest` and tags are names of this store: a version to send or to verify is one that is here. */
async function numbered(context: CommandContext): Promise<{ name?: string; version?: number }> {
  const { name: dataset, version } = await wanted(context)
  if (dataset === undefined) return {}
  if (version === undefined) return { name: dataset }
  if (typeof version === 'number') return { name: dataset, version }
  const { dataContract } = await import('../contract.ts')
  const data = await context.client(dataContract)
  return { name: dataset, version: (await data.get({ name: dataset, version })).version }
}

function optional(context: CommandContext, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((each) => {
      const value = context.options.text(each)
      return value === undefined ? [] : [[each, value]]
    }),
  )
}

export const remotesCommands: readonly Command[] = [
  {
    name: 'data push',
    summary: 'Send versions to a remote: only the blocks that it does not have',
    description:
      'Without NAME every version of every dataset is sent; NAME sends every version of that one.\n' +
      'A push that was cut off goes on when it is run again. Remotes stand under `remotes:` in devmlops.yaml;\n' +
      'credentials come from the environment (AWS_ACCESS_KEY_ID and its like).',
    arguments: [name],
    options: { remote, renumber },
    examples: [
      { line: 'devmlops data push', what: 'Everything that the default remote does not have' },
      { line: 'devmlops data push flights@3 --remote s3://team/data', what: 'One version, to a bucket' },
    ],
    run: async (context) => {
      const { calls, finish } = await openTasks(context)
      const input = { ...(await numbered(context)), ...optional(context, 'remote') }
      await finish(await calls.push({ ...input, renumber: context.options.flag('renumber') }))
    },
  },
  {
    name: 'data pull',
    summary: 'Fetch versions from a remote, and what is missing or damaged of those that are here',
    description:
      'Fetched is the version that the pointer file of a dataset names, or the newest when it has none; NAME@latest is\n' +
      'the newest. Without NAME every dataset of the remote is fetched.\n' +
      'Versions keep their number, parent, validation and who made them. Only missing blocks travel, each is verified,\n' +
      'and a pull that was cut off goes on when it is run again.',
    arguments: [name],
    options: {
      remote,
      renumber,
      all: { type: 'boolean', summary: 'Every version, not only the newest' },
      only: {
        type: 'string',
        value: 'PREFIX',
        summary: 'Only files whose path begins so; the rest can follow later',
      },
    },
    examples: [
      { line: 'devmlops data pull', what: 'The version of every dataset that belongs with this commit' },
      {
        line: 'devmlops data pull flights@3 --remote https://ml.example',
        what: 'One version, from another server',
      },
      { line: 'devmlops data pull images --only train/cats/', what: 'A part of a folder' },
    ],
    run: async (context) => {
      const { calls, finish } = await openTasks(context)
      const { name: dataset, version } = await wanted(context)
      const number = version === undefined ? undefined : await farVersion(version, dataset)
      const all = context.options.flag('all') && { version: 'all' as const }
      const input = {
        ...(dataset !== undefined && { name: dataset }),
        ...(number !== undefined && { version: number }),
      }
      await finish(
        await calls.pull({
          ...input,
          ...all,
          ...optional(context, 'remote', 'only'),
          renumber: context.options.flag('renumber'),
        }),
      )
    },
  },
  {
    name: 'data verify',
    summary: 'Compute again what every stored byte should be, and name what is missing or changed',
    description:
      'Ends with exit code 11 when something is damaged. --repair fetches it from a remote that has it.\n' +
      'With --remote the copy there is verified instead of the one here.',
    arguments: [name],
    options: {
      remote: { ...remote, summary: 'Verify what this remote has' },
      repair: { type: 'boolean', summary: 'Fetch what is missing or damaged' },
      from: {
        type: 'string',
        value: 'REMOTE',
        summary: 'Where to repair from (default: the default remote)',
      },
    },
    examples: [
      { line: 'devmlops data verify', what: 'Every version of every dataset' },
      { line: 'devmlops data verify flights@3 --repair', what: 'One version, and mend it' },
    ],
    run: async (context) => {
      const { calls, finish } = await openTasks(context)
      const place =
        context.options.text('remote') === undefined ? await numbered(context) : await farNumber(context)
      const input = { ...place, ...optional(context, 'remote', 'from') }
      await finish(await calls.verify({ ...input, repair: context.options.flag('repair') }))
    },
  },
  gcCommand,
]

/** A remote knows versions by number. */
async function farVersion(version: number | string, dataset = 'NAME'): Promise<number | 'latest'> {
  if (typeof version === 'number' || version === 'latest') return version
  const { fail } = await import('#contract/errors')
  return fail('invalid_input', `"${version}" is a tag of this store; a remote knows versions by number.`, {
    hint: `For example devmlops data pull ${dataset}@3.`,
  })
}

async function farNumber(context: CommandContext): Promise<{ name?: string; version?: number }> {
  const { name: dataset, version } = await wanted(context)
  return {
    ...(dataset !== undefined && { name: dataset }),
    ...(typeof version === 'number' && { version }),
  }
}
