import type { Command, CommandContext } from '#platform/terminal/index'
import type { Transition } from './contract.ts'
import { webhookCommands } from './webhooks/commands.ts'

const reason = { type: 'string', value: 'TEXT', summary: 'Why, for the record' } as const
const force = {
  type: 'boolean',
  summary: 'Although the gates of the version failed; needs --reason',
} as const

async function client({ client: open }: CommandContext) {
  const { registryContract } = await import('./contract.ts')
  return open(registryContract)
}

export const registryCommands: readonly Command[] = [
  {
    name: 'models list',
    summary: 'List registered models with their aliases',
    examples: [{ line: 'devmlops models list', what: 'All models and which version is champion' }],
    run: async (context) => {
      const { terminal, json } = context
      const { items } = await (await client(context)).list({ limit: 1000 })
      if (json) return terminal.json(items)
      if (items.length === 0) {
        return terminal.print('No models yet. A `register` step of a pipeline adds one.')
      }
      const { printModels } = await import('./model-view.ts')
      printModels(terminal, items)
    },
  },
  {
    name: 'models show',
    summary: 'Show a model, or one version of it with its gates, slices and lineage',
    arguments: [
      { name: 'MODEL', summary: 'NAME, NAME@ALIAS or NAME@VERSION', required: true },
      { name: 'VERSION', summary: 'the same as NAME@VERSION' },
    ],
    examples: [
      { line: 'devmlops models show flight-delays', what: 'Its versions, and every move of its aliases' },
      {
        line: 'devmlops models show flight-delays@champion',
        what: 'The version that answers, and why it may',
      },
    ],
    run: async (context) => {
      const { arguments: words, terminal, json } = context
      const { splitModelReference } = await import('./model-reference.ts')
      const { model, reference = words.optional('VERSION') } = splitModelReference(words.required('MODEL'))
      const registry = await client(context)
      const view = await import('./model-view.ts')
      if (reference === undefined) {
        const overview = await registry.get({ model })
        return json ? terminal.json(overview) : view.printModel(terminal, overview)
      }
      const trace = await registry.trace({ model, reference })
      const { report } = await registry.report({ model, reference: String(trace.version.version) })
      if (json) return terminal.json({ ...trace, report })
      view.printVersion(terminal, { trace, report })
    },
  },
  {
    name: 'models promote',
    summary: 'Point an alias to a version',
    description:
      'What follows the alias, such as a deployment, moves with it. A version that did not pass its gates is\n' +
      'refused, unless --force and --reason overrule them. Every move is kept with who, when and why.',
    arguments: [
      { name: 'NAME', summary: 'the model', required: true },
      { name: 'VERSION', summary: 'the version, such as 3, or another alias of it', required: true },
    ],
    options: {
      alias: { type: 'string', value: 'ALIAS', summary: 'The alias to move (default: champion)' },
      reason,
      force,
    },
    examples: [
      {
        line: 'devmlops models promote flight-delays 3 --reason "won its canary"',
        what: 'Version 3 is champion',
      },
      {
        line: 'devmlops models promote flight-delays 4 --alias challenger',
        what: 'Version 4 is tried as a canary',
      },
    ],
    run: async (context) => {
      const { arguments: words, options, terminal, json } = context
      const registry = await client(context)
      const model = words.required('NAME')
      const { version } = await registry.version({ model, reference: words.required('VERSION') })
      const { transition } = await registry.promote({
        model,
        alias: options.text('alias') ?? 'champion',
        version,
        reason: options.text('reason'),
        force: options.flag('force'),
      })
      if (json) return terminal.json(transition)
      if (transition !== null) return printMove(context, transition)
      terminal.print(`Version ${version} of ${model} is ${options.text('alias') ?? 'champion'} already.`)
    },
  },
  {
    name: 'models card',
    summary: 'Print the model card of a version, in Markdown',
    arguments: [{ name: 'MODEL', summary: 'NAME, NAME@ALIAS or NAME@VERSION', required: true }],
    examples: [{ line: 'devmlops models card flight-delays@champion > CARD.md', what: 'The card as a file' }],
    run: async (context) => {
      const { arguments: words, terminal, json } = context
      const { splitModelReference } = await import('./model-reference.ts')
      const { model, reference = 'latest' } = splitModelReference(words.required('MODEL'))
      const { card, version } = await (await client(context)).version({ model, reference })
      if (json) return terminal.json({ model, version, card })
      terminal.print(card === '' ? `Version ${version} of ${model} has no model card.` : card.trimEnd())
    },
  },
  {
    name: 'models rename',
    summary: 'Give a model another name',
    description:
      'Its versions, aliases and history go along, and what answers with one of its versions goes on answering.\n' +
      'Write the new name into devmlops.yaml where the old one stands.',
    arguments: [
      { name: 'NAME', summary: 'the model', required: true },
      { name: 'TO', summary: 'its new name', required: true },
    ],
    examples: [{ line: 'devmlops models rename delays flight-delays', what: 'delays is flight-delays now' }],
    run: async (context) => {
      const { arguments: words, terminal, json } = context
      const model = words.required('NAME')
      const renamed = await (await client(context)).rename({ model, to: words.required('TO') })
      if (json) return terminal.json(renamed)
      terminal.print(`${terminal.style('✓', 'green')} ${model} is ${renamed.name} now`)
    },
  },
  {
    name: 'models delete',
    summary: 'Delete a version, or a model with all its versions, for good',
    description:
      'Refused while a deployment answers with it. The number of a deleted version is not used again; the name of\n' +
      'a deleted model is free.',
    arguments: [{ name: 'MODEL', summary: 'NAME, NAME@ALIAS or NAME@VERSION', required: true }],
    options: { yes: { type: 'boolean', summary: 'Really: nothing brings it back' } },
    examples: [
      { line: 'devmlops models delete flight-delays@3 --yes', what: 'Version 3 is gone' },
      {
        line: 'devmlops models delete flight-delays',
        what: 'Says what would be deleted, and deletes nothing',
      },
    ],
    run: async (context) => {
      const { arguments: words, options, terminal, json } = context
      const { splitModelReference } = await import('./model-reference.ts')
      const { model, reference } = splitModelReference(words.required('MODEL'))
      const registry = await client(context)
      const { name, what } = await describeDeletion(registry, model, reference)
      if (!options.flag('yes')) {
        const { fail } = await import('#contract/errors')
        fail('invalid_input', `This deletes ${what}, for good.`, {
          hint: 'Add --yes if that is what you want.',
        })
      }
      if (reference === undefined) await registry.remove({ model })
      else await registry.removeVersion({ model, reference })
      if (json) return terminal.json({ deleted: name })
      terminal.print(`${terminal.style('✓', 'green')} ${name} is deleted`)
    },
  },
  {
    name: 'models rollback',
    summary: 'Put back the version that an alias pointed to before',
    description:
      'Deployments that follow the alias switch back without a failed request. Rolling back again goes further\n' +
      'back; it does not return to the version that was just left.',
    arguments: [{ name: 'MODEL', summary: 'the model', required: true }],
    options: {
      alias: { type: 'string', value: 'ALIAS', summary: 'The alias to turn back (default: champion)' },
      reason,
      force,
    },
    examples: [
      { line: 'devmlops models rollback flight-delays', what: 'The champion before this one answers again' },
    ],
    run: async (context) => {
      const { arguments: words, options, terminal, json } = context
      const { transition } = await (
        await client(context)
      ).rollback({
        model: words.required('MODEL'),
        alias: options.text('alias'),
        reason: options.text('reason'),
        force: options.flag('force'),
      })
      if (json) return terminal.json(transition)
      printMove(context, transition)
    },
  },
  ...webhookCommands,
]

async function describeDeletion(
  registry: Awaited<ReturnType<typeof client>>,
  model: string,
  reference: string | undefined,
): Promise<{ name: string; what: string }> {
  if (reference === undefined) {
    const { versions } = await registry.get({ model, limit: 1000 })
    return { name: model, what: `${model} with ${versions.length} versions` }
  }
  const { version } = await registry.version({ model, reference })
  return { name: `${model}@${version}`, what: `version ${version} of ${model}` }
}

function printMove({ terminal }: CommandContext, move: Transition): void {
  const before = move.fromVersion === null ? '' : ` (was version ${move.fromVersion})`
  terminal.print(
    `${terminal.style('✓', 'green')} ${move.model}@${move.alias} is version ${move.toVersion}${before}: ${move.reason}`,
  )
  if (move.forced) terminal.warn('Its gates had failed; they were overruled.')
}
