import type { Command } from '#platform/terminal/index'

/** Light: what a command needs is loaded when it runs. */
export const pipelinesCommands: readonly Command[] = [
  {
    name: 'run',
    summary: 'Run a pipeline: only the steps whose code, data, parameters or environment changed',
    description:
      'Finished steps are kept: after a crash or a failure the same command goes on where it was cut off.\n' +
      'Ctrl-C stops the run. Exit code 8: a step failed; 7: a gate failed; 9: cancelled.',
    arguments: [{ name: 'PIPELINE', summary: 'a pipeline of devmlops.yaml', required: true }],
    options: {
      param: {
        type: 'string',
        short: 'p',
        value: 'NAME=VALUE',
        multiple: true,
        summary: 'Set a parameter of the pipeline',
      },
      why: { type: 'boolean', summary: 'Say why each step ran or did not' },
      'dry-run': { type: 'boolean', summary: 'Only say what would run, and why' },
      force: { type: 'boolean', summary: 'Run every step, although nothing changed' },
      'force-step': {
        type: 'string',
        value: 'STEP',
        multiple: true,
        summary: 'Run this step, although nothing changed',
      },
      only: {
        type: 'string',
        value: 'STEP',
        multiple: true,
        summary: 'Only this step and those that it needs',
      },
      from: { type: 'string', value: 'STEP', summary: 'Run this step and all after it' },
      reason: { type: 'string', value: 'TEXT', summary: 'Kept with the run' },
      detach: {
        type: 'boolean',
        summary: 'Start it and return (a running server carries it on)',
      },
    },
    examples: [
      { line: 'devmlops run train', what: 'Everything that changed since the last run' },
      { line: 'devmlops run train --why --dry-run', what: 'What would run, and what changed' },
      { line: 'devmlops run train --param train_days=90', what: 'With another value of a parameter' },
      { line: 'devmlops run train --from evaluate', what: 'evaluate and what follows it, again' },
    ],
    run: async (context) => (await import('./run-command.ts')).runPipeline(context),
  },
  {
    name: 'pipelines list',
    summary: 'The pipelines of the project and how their last runs ended',
    examples: [{ line: 'devmlops pipelines list', what: 'Names, steps, last run' }],
    run: async (context) => (await import('./list-commands.ts')).listPipelines(context),
  },
  {
    name: 'pipelines runs',
    summary: 'Past and current runs, or one of them with its steps',
    arguments: [{ name: 'ID', summary: 'a run, or "latest"' }],
    options: {
      pipeline: { type: 'string', value: 'NAME', summary: 'Only runs of this pipeline' },
      limit: { type: 'number', summary: 'How many (default 20)' },
    },
    examples: [
      { line: 'devmlops pipelines runs', what: 'The newest runs' },
      { line: 'devmlops pipelines runs latest', what: 'Its steps, inputs, outputs and reasons' },
    ],
    run: async (context) => (await import('./list-commands.ts')).listRuns(context),
  },
  {
    name: 'pipelines cancel',
    summary: 'Stop a run; what is finished stays',
    arguments: [{ name: 'ID', summary: 'a run, or "latest"', required: true }],
    examples: [{ line: 'devmlops pipelines cancel latest', what: 'Stops the newest run' }],
    run: async (context) => (await import('./list-commands.ts')).cancelRun(context),
  },
  {
    name: 'pipelines logs',
    summary: 'What a step printed',
    arguments: [
      { name: 'ID', summary: 'a run, or "latest"', required: true },
      { name: 'STEP', summary: 'a step of it', required: true },
    ],
    options: { attempt: { type: 'number', summary: 'Which attempt (default: the last)' } },
    examples: [{ line: 'devmlops pipelines logs latest train', what: 'Beginning and end, however long' }],
    run: async (context) => (await import('./list-commands.ts')).showLog(context),
  },
]
