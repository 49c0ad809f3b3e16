import { setTimeout as pause } from 'node:timers/promises'
import type { Command, CommandContext } from '#platform/terminal/index'
import type { MlflowImport } from './contract.ts'

const askEveryMs = 300

export const mlflowImportCommands: readonly Command[] = [
  {
    name: 'import mlflow',
    summary: 'Bring runs and models out of MLflow: a folder, a database or a server',
    description:
      'Runs, logged models and versions keep their ids, numbers and times. The same command again brings what is\n' +
      'new since; cut off, it goes on where it was. Credentials come from MLFLOW_TRACKING_USERNAME,\n' +
      'MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN, and for s3:// from AWS_ACCESS_KEY_ID and its like.',
    arguments: [
      {
        name: 'SOURCE',
        summary: 'mlruns, mlflow.db, sqlite:///mlflow.db, postgresql://user@host/db or http://host:5000',
        required: true,
      },
    ],
    options: {
      'experiment-prefix': {
        type: 'string',
        value: 'TEXT',
        summary: 'In front of the names of experiments; without it, those of one name become one',
      },
      map: {
        type: 'string',
        value: 'OLD=NEW',
        multiple: true,
        summary: 'Artifact URIs that begin with OLD now begin with NEW',
      },
      'no-artifacts': { type: 'boolean', summary: 'Leave the files where they are' },
    },
    examples: [
      { line: 'devmlops import mlflow ./mlruns', what: 'What a client without a server wrote' },
      {
        line: 'devmlops import mlflow sqlite:///mlflow.db --map /home/ann/mlruns=/data/mlruns',
        what: 'A database whose artifacts were moved',
      },
      {
        line: 'devmlops import mlflow http://mlflow.example.com:5000',
        what: 'Another server, while it runs',
      },
    ],
    run: async (context) => {
      const { arguments: words, options, terminal, json, directory } = context
      const { mlflowImportContract } = await import('./contract.ts')
      const { absoluteSource } = await import('./absolute-source.ts')
      const imports = await context.client(mlflowImportContract)
      const started = await imports.start({
        source: absoluteSource(words.required('SOURCE'), directory),
        experimentPrefix: options.text('experiment-prefix') ?? '',
        artifacts: !options.flag('no-artifacts'),
        maps: options.list('map').map(toMap),
        credentials: await credentialsHere(),
      })
      const ended = await follow(context, started, (importId) => imports.get({ importId }))
      if (json) terminal.json(ended)
      else {
        const { printImport } = await import('./import-view.ts')
        printImport(terminal, ended)
      }
      if (ended.state === 'succeeded') return
      const { fail } = await import('#contract/errors')
      fail(ended.state === 'cancelled' ? 'cancelled' : 'conflict', ended.error ?? 'The import did not end.', {
        hint: 'What was brought stays. Run the same command again: it goes on where it was.',
      })
    },
  },
]

async function follow(
  { terminal, signal }: CommandContext,
  started: MlflowImport,
  ask: (id: string) => Promise<MlflowImport>,
): Promise<MlflowImport> {
  let current = started
  while (current.state === 'queued' || current.state === 'running') {
    await pause(askEveryMs, undefined, { signal })
    current = await ask(started.id)
    const { runs = 0, points = 0, artifacts = 0 } = current.counts
    terminal.progress(`${runs} runs, ${points} points, ${artifacts} files  ${current.doing}`)
  }
  terminal.clearProgress()
  return current
}

function toMap(text: string): { from: string; to: string } {
  const equals = text.lastIndexOf('=')
  return equals === -1
    ? { from: text, to: text }
    : { from: text.slice(0, equals), to: text.slice(equals + 1) }
}

/** The environment of whoever types the command, which need not be that of the server. */
async function credentialsHere() {
  const { environmentVariable } = await import('#platform/config')
  const of = (name: string) => environmentVariable(`MLFLOW_TRACKING_${name}`)
  return { username: of('USERNAME'), password: of('PASSWORD'), token: of('TOKEN') }
}
