import { DevmlopsError, fail } from '#contract/errors'
import type { Command, CommandContext } from '#platform/terminal/index'
import type { DeploymentView, PlannedDeployment } from './contract.ts'

const reason = { type: 'string', value: 'TEXT', summary: 'Why, for the record' } as const

async function client({ client: open }: CommandContext) {
  const { servingContract } = await import('./contract.ts')
  return open(servingContract)
}

type Serving = Awaited<ReturnType<typeof client>>

/** Commands that change what answers. */
export const releaseCommands: readonly Command[] = [
  {
    name: 'deploy',
    summary: 'Bring endpoints to what devmlops.yaml says, or try a version on one',
    description:
      'The version that has the alias of `deployments.NAME.model` answers. Running it again changes nothing.\n' +
      'Without NAME, all endpoints; one that is no longer in devmlops.yaml is stopped with --prune only.\n' +
      'With --plan nothing is done: what would change is shown, and the exit code is 5 when something would, else 0.\n' +
      'With --release a version is tried as `release` says: canary, blue_green, shadow or ab.',
    arguments: [{ name: 'NAME', summary: 'the deployment, as in devmlops.yaml; all when left out' }],
    options: {
      plan: { type: 'boolean', summary: 'Show what would change, and do nothing' },
      prune: { type: 'boolean', summary: 'Stop what is no longer in devmlops.yaml' },
      environment: { type: 'string', value: 'NAME', summary: 'The environment (default: the last one)' },
      release: {
        type: 'boolean',
        summary: 'Try whoever has the alias of `release.model`, as `release` says',
      },
      canary: { type: 'boolean', summary: 'The same for a canary, with --share if you like' },
      version: { type: 'number', summary: 'The version to try, instead of who has the alias' },
      share: { type: 'number', summary: 'Per cent of the traffic for the canary, until somebody decides' },
      advance: { type: 'boolean', summary: 'Go to the next step of the rollout now' },
      hold: { type: 'boolean', summary: 'Keep the rollout at its step' },
      promote: { type: 'boolean', summary: 'Make what is tried the champion' },
      variant: { type: 'string', value: 'NAME', summary: 'Which one has won an A/B test, with --promote' },
      end: { type: 'boolean', summary: 'End the rollout: the champion answers alone' },
      'end-canary': { type: 'boolean', summary: 'The same as --end' },
      stop: { type: 'boolean', summary: 'Stop answering' },
      reason,
    },
    examples: [
      { line: 'devmlops deploy flight-delays', what: 'The champion answers all requests' },
      { line: 'devmlops deploy --plan', what: 'What would change, of all endpoints' },
      {
        line: 'devmlops deploy flight-delays --canary --share 20',
        what: 'The challenger answers a fifth of them',
      },
      { line: 'devmlops deploy flight-delays --promote', what: 'It answers all of them' },
    ],
    run: async (context) => {
      const serving = await client(context)
      if (context.options.flag('plan')) return showPlan(serving, context)
      if (context.arguments.optional('NAME') === undefined) return deployAll(serving, context)
      const deployment = await deployOne(serving, context)
      if (context.json) context.terminal.json(deployment)
      else (await import('./deployment-text.ts')).printDeployment(context, deployment)
    },
  },
  {
    name: 'rollback',
    summary: 'Put an endpoint back to what it was before',
    description:
      'Variants and settings come from the last revision that answered outside a rollout, and the alias follows.\n' +
      'Rolling back again goes further back; it does not return to what was just left. The version before is kept\n' +
      'loaded for `keep_warm`, so it takes less than a second. For the name of a model that no endpoint has, its\n' +
      'alias goes back, as with `devmlops models rollback`.',
    arguments: [{ name: 'NAME', summary: 'the deployment', required: true }],
    options: {
      to: {
        type: 'number',
        value: 'REVISION',
        summary: 'A revision of it, see `devmlops deployments NAME --history`',
      },
      reason,
    },
    examples: [
      {
        line: 'devmlops rollback flight-delays --reason "scores look wrong"',
        what: 'As before the last change',
      },
      { line: 'devmlops rollback flight-delays --to 41', what: 'As it was at revision 41' },
    ],
    run: async (context) => {
      const { arguments: words, options, terminal, json } = context
      const name = words.required('NAME')
      const to = options.number('to')
      const request = { name, reason: options.text('reason'), ...(to === undefined ? {} : { to }) }
      const deployment = await (await client(context)).rollback(request).catch((error: unknown) => {
        if (error instanceof DevmlopsError && error.code === 'not_found' && to === undefined) return undefined
        throw error
      })
      if (deployment === undefined) return rollBackAlias(context, name)
      if (deployment.aliasProblem !== undefined) terminal.warn(deployment.aliasProblem)
      if (json) terminal.json(deployment)
      else (await import('./deployment-text.ts')).printDeployment(context, deployment)
    },
  },
  {
    name: 'deployments restart',
    summary: 'Put a new serving process in the place of the one that runs',
    description:
      'After an update of the program or of its environment. The new process loads the models first, then takes over\n' +
      'the socket: no request of HTTP is lost. Clients of gRPC connect again.',
    options: { reason },
    examples: [{ line: 'devmlops deployments restart', what: 'The endpoints go on answering meanwhile' }],
    run: async (context) => {
      const answer = await (await client(context)).restart({ reason: context.options.text('reason') })
      if (context.json) return context.terminal.json(answer)
      context.terminal.print(
        `${context.terminal.style('✓', 'green')} a new process answers at ${answer.servingUrl ?? ''}`,
      )
    },
  },
  {
    name: 'promote',
    summary: 'Take the version that runs in one environment into the next',
    description:
      'Exactly the version that runs in the environment before, by digest. Refused while its rollout is not finished,\n' +
      'and when the last verdict was not good; --force with --reason overrules that.',
    arguments: [{ name: 'NAME', summary: 'the deployment, as in devmlops.yaml', required: true }],
    options: {
      to: { type: 'string', value: 'ENVIRONMENT', summary: 'The environment to promote to' },
      force: { type: 'boolean', summary: 'Although its rollout is not finished or was judged badly' },
      reason,
    },
    examples: [
      {
        line: 'devmlops promote flight-delays --to production',
        what: 'What staging runs is released in production',
      },
    ],
    run: async (context) => {
      const { options } = context
      const to =
        options.text('to') ??
        fail('invalid_input', 'To which environment?', { at: '--to', hint: 'For example --to production.' })
      const deployment = await (
        await client(context)
      ).promote({
        name: context.arguments.required('NAME'),
        to,
        force: options.flag('force'),
        reason: options.text('reason'),
      })
      if (context.json) context.terminal.json(deployment)
      else (await import('./deployment-text.ts')).printDeployment(context, deployment)
    },
  },
]

async function deployOne(
  serving: Serving,
  { arguments: words, options }: CommandContext,
): Promise<DeploymentView> {
  const environment = options.text('environment')
  const declared = { name: words.required('NAME'), reason: options.text('reason') }
  const name = environment === undefined ? declared.name : `${declared.name}.${environment}`
  const share = options.number('share')
  const version = options.number('version')
  const decide = (verdict: 'advance' | 'hold' | 'promote' | 'roll_back'): Promise<DeploymentView> =>
    serving.decide({
      name: declared.name,
      verdict,
      reason: declared.reason,
      variant: options.text('variant'),
    })
  if (environment === undefined) {
    if (options.flag('stop')) return serving.stop(declared)
    if (options.flag('promote')) return decide('promote')
    if (options.flag('end') || options.flag('end-canary')) return decide('roll_back')
    if (options.flag('advance')) return decide('advance')
    if (options.flag('hold')) return decide('hold')
    if (options.flag('canary')) return serving.startCanary({ ...declared, share, version })
    if (options.flag('release')) return serving.startRelease({ ...declared, version })
    return serving.deploy(declared)
  }
  const other = ['stop', 'promote', 'end', 'end-canary', 'advance', 'hold', 'canary', 'release'].find(
    (flag) => options.flag(flag),
  )
  if (other !== undefined) {
    fail('invalid_input', `--${other} takes the name of the endpoint.`, {
      hint: `Environments have endpoints of their own: \`devmlops deploy ${name} --${other}\`, the last one that of the deployment.`,
    })
  }
  return serving.deploy({ ...declared, environment })
}

async function showPlan(serving: Serving, context: CommandContext): Promise<void> {
  const { items } = await serving.preview({
    name: context.arguments.optional('NAME'),
    environment: context.options.text('environment'),
  })
  const { printPlan } = await import('./deployment-text.ts')
  printPlan(context, items)
  const changing = items.filter(({ action }) => action !== 'none')
  if (changing.length === 0) return
  fail('conflict', `${changing.length} of ${items.length} endpoints are not as devmlops.yaml says.`, {
    hint: planHint(changing),
  })
}

function planHint(changing: readonly PlannedDeployment[]): string {
  const removed = changing.some(({ action }) => action === 'remove')
  return `\`devmlops deploy${removed ? ' --prune' : ''}\` brings them there.`
}

async function deployAll(serving: Serving, context: CommandContext): Promise<void> {
  const prune = context.options.flag('prune')
  const { items } = await serving.deployAll({ prune, reason: context.options.text('reason') })
  const { printPlan } = await import('./deployment-text.ts')
  printPlan(context, items, { done: true, prune })
  const blocked = items.filter(({ action }) => action === 'blocked')
  if (blocked.length === 0) return
  fail('conflict', `${blocked.length} of ${items.length} endpoints could not be brought there.`, {
    hint: 'What answered before goes on answering; the reasons are above.',
  })
}

/** A model that no endpoint is called like. */
async function rollBackAlias(
  { client: open, options, terminal, json }: CommandContext,
  model: string,
): Promise<void> {
  const { registryContract } = await import('#lifecycle/registry/contract')
  const { transition } = await (
    await open(registryContract)
  ).rollback({ model, reason: options.text('reason') })
  if (json) return terminal.json(transition)
  terminal.print(
    `${terminal.style('✓', 'green')} ${transition.model}@${transition.alias} is version ${transition.toVersion}: ${transition.reason}`,
  )
}
