import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DevmlopsError, errorTable, type ErrorCode } from '#contract/errors'
import type { Command, CommandContext } from '#platform/terminal/index'
import { runCommandLine, type Connect } from './run.ts'

const seen: CommandContext[] = []

const train: Command = {
  name: 'run',
  summary: 'Run a pipeline',
  description: 'Only what changed is run.',
  arguments: [{ name: 'PIPELINE', summary: 'a pipeline of devmlops.yaml', required: true }],
  options: {
    why: { type: 'boolean', summary: 'Say why' },
    limit: { type: 'number', short: 'n', summary: 'How many' },
    state: { type: 'string', values: ['firing', 'resolved'], summary: 'Which' },
    param: { type: 'string', value: 'NAME=VALUE', multiple: true, summary: 'Set a parameter' },
  },
  examples: [{ line: 'devmlops run train', what: 'Everything that changed' }],
  run: async (context) => {
    seen.push(context)
    context.terminal.print('done')
    context.terminal.progress('half way')
  },
}

function command(name: string, run: Command['run'], more: Partial<Command> = {}): Command {
  return { name, summary: `Does ${name}`, examples: [], run, ...more }
}

const commands: readonly Command[] = [
  train,
  command('data list', async ({ terminal, json }) => {
    if (json) return terminal.json([{ name: 'flights', rows: 2n ** 60n }])
    terminal.table([{ name: 'flights' }], [{ title: 'NAME', value: ({ name }) => name }])
  }),
  command(
    'data show',
    async ({ terminal, arguments: words }) => terminal.print(words.many('NAME').join('+')),
    {
      arguments: [{ name: 'NAME', summary: 'datasets', many: true }],
    },
  ),
  command('runs', async () => undefined),
  command('runs show', async () => undefined),
  command('boom', async ({ terminal, json }) => {
    if (json) terminal.json({ half: true })
    terminal.print('half')
    throw new DevmlopsError('gate_failed', 'The gate says no.', { hint: 'Train on more data.' })
  }),
  command('call', async ({ client }) => {
    await client({})
    await client({})
  }),
]

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(
  line: string | readonly string[],
  {
    tty = false,
    connect,
    more = commands,
  }: { tty?: boolean; connect?: Connect; more?: readonly Command[] } = {},
): Promise<Run> {
  const printed = { out: '', err: '' }
  const stream = (name: 'out' | 'err') =>
    ({
      isTTY: tty,
      columns: 100,
      write: (text: string) => (printed[name] += text),
    }) as unknown as NodeJS.WriteStream
  const code = await runCommandLine(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
    commands: more,
    version: '1.2.3',
    connect: connect ?? (() => Promise.reject(new Error('no connection in this test'))),
    out: stream('out'),
    err: stream('err'),
    directory: '/',
    signal: new AbortController().signal,
  })
  return { code, ...printed }
}

describe('help', () => {
  it('of the program lists every command in order, a line each, and what all of them take', async () => {
    for (const line of ['', '--help', '-h']) {
      const { code, out, err } = await run(line)
      assert.equal(code, 0)
      assert.equal(err, '')
      const listed = commands.map(({ name, summary }) => out.indexOf(`${name.padEnd(9)}  ${summary}`))
      assert.ok(
        listed.every((place) => place > 0),
        out,
      )
      assert.deepEqual(
        listed,
        [...listed].sort((a, b) => a - b),
      )
      assert.match(out, /--json +Print one JSON document/)
    }
  })

  it('of a command teaches: usage, arguments, options with their values, examples', async () => {
    for (const line of ['run --help', 'run -h', 'run train --limit x --help']) {
      const { code, out } = await run(line)
      assert.equal(code, 0)
      assert.equal(
        out.split('Options')[0],
        [
          'devmlops run – Run a pipeline',
          '',
          'Usage  devmlops run PIPELINE [OPTIONS]',
          '',
          'Only what changed is run.',
          '',
          'Arguments',
          '  PIPELINE  a pipeline of devmlops.yaml',
          '',
          '',
        ].join('\n'),
      )
      assert.match(out, /-n, --limit N +How many/)
      assert.match(out, /--state firing\|resolved +Which/)
      assert.match(out, /Examples\n {2}devmlops run train\n {6}Everything that changed/)
    }
    assert.match((await run('data show --help')).out, /devmlops data show \[NAME…\] \[OPTIONS\]/)
  })

  it('of a group lists its commands only', async () => {
    for (const line of ['data', 'data --help']) {
      const { code, out } = await run(line)
      assert.equal(code, 0)
      assert.match(out, /data list/)
      assert.doesNotMatch(out, /Run a pipeline/)
    }
  })

  it('tells the version', async () => {
    assert.deepEqual(await run('--version'), { code: 0, out: '1.2.3\n', err: '' })
  })
})

describe('a mistake in a command line', () => {
  const mistakes: [line: string | readonly string[], error: RegExp, hint: RegExp][] = [
    ['rnu train', /no command "rnu train"/, /devmlops run/],
    ['data lst', /no command "data lst"/, /Did you mean `devmlops data list`\?/],
    ['dat list', /no command "dat list"/, /devmlops data list/],
    ['xyzzy', /no command "xyzzy"/, /devmlops --help/],
    ['--json', /A command comes before its options/, /devmlops run train/],
    ['run', /`devmlops run` needs PIPELINE: a pipeline of devmlops.yaml/, /devmlops run --help/],
    ['run train again', /"again" is one word too many/, /devmlops run --help/],
    ['runs shw', /"shw" is one word too many for `devmlops runs`/, /Did you mean `devmlops runs show`\?/],
    ['run train --wy', /`devmlops run` has no option --wy/, /Did you mean --why\?/],
    ['run train --zzzz', /has no option --zzzz/, /devmlops run --help/],
    ['run train -x', /has no option -x/, /devmlops run --help/],
    ['run train --limit many', /--limit takes a number, not "many"/, /^$/],
    [['run', 'train', '--limit', ''], /--limit takes a number, not ""/, /^$/],
    ['run train --limit', /argument missing/, /devmlops run --help/],
    ['run train --why=yes', /does not take an argument/, /devmlops run --help/],
    ['run train --param --why', /ambiguous/, /starts with a dash is written --param=-…/],
    [
      'run train --state fireing',
      /--state is one of firing, resolved, not "fireing"/,
      /Did you mean firing\?/,
    ],
  ]
  for (const [line, error, hint] of mistakes) {
    it(`is named, with what would be right: ${String(line) || 'nothing'}`, async () => {
      const { code, out, err } = await run(line)
      const [first = '', second = ''] = err.trimEnd().split('\n')
      assert.equal(code, 2)
      assert.match(first, /^error: /)
      assert.match(first, error)
      assert.match(second.replace(/^ {2}fix: /, ''), hint)
      if (line !== '--json') assert.equal(out, '')
    })
  }

  it('never runs the command', async () => {
    seen.length = 0
    for (const [line] of mistakes) await run(line)
    assert.deepEqual(seen, [])
  })
})

describe('a command', () => {
  it('is given its words: values, numbers, flags and lists', async () => {
    seen.length = 0
    await run(['run', 'train', '-n', '3', '--param', 'a=1', '--param=b=-2', '--why'])
    const [{ arguments: words, options }] = seen as [CommandContext]
    assert.equal(words.required('PIPELINE'), 'train')
    assert.equal(options.number('limit'), 3)
    assert.equal(options.flag('why'), true)
    assert.deepEqual(options.list('param'), ['a=1', 'b=-2'])
    assert.deepEqual(
      [options.text('state'), options.number('none'), options.flag('json')],
      [undefined, undefined, false],
    )
    assert.equal((await run('data show a b c')).out, 'a+b+c\n')
    assert.equal((await run('data show -- --a')).out, '--a\n')
  })

  it('opens one connection for all its calls, and closes it also when it fails', async () => {
    let [opened, closed] = [0, 0]
    const connect: Connect = async () => {
      opened += 1
      return { client: () => ({}) as never, close: async () => void closed++ }
    }
    assert.equal((await run('call', { connect })).code, 0)
    const failing = command('call', async ({ client }) => {
      await client({})
      throw new Error('no')
    })
    assert.equal((await run('call', { connect, more: [failing] })).code, 1)
    assert.deepEqual([opened, closed], [2, 2])
    assert.equal((await run('run train', { connect })).code, 0)
    assert.equal(opened, 2, 'a command without calls opens none')
  })

  it('ends with the exit code of its error in the table', async () => {
    for (const [code, { exit }] of Object.entries(errorTable)) {
      const failing = command('x', () =>
        Promise.reject(new DevmlopsError(code as ErrorCode, 'why', { hint: 'how' })),
      )
      const result = await run('x', { more: [failing] })
      assert.deepEqual(result, { code: exit, out: '', err: 'error: why\n  fix: how\n' })
    }
    const broken = command('x', () => Promise.reject(new TypeError('x is not a function')))
    assert.deepEqual(await run('x', { more: [broken] }), {
      code: 1,
      out: '',
      err: 'error: x is not a function\n',
    })
  })

  it('explains errors of the operating system', async () => {
    const { readFileSync } = await import('node:fs')
    const reading = command('x', async () => void readFileSync('/no/such/file'))
    const { code, err } = await run('x', { more: [reading] })
    assert.deepEqual(
      [code, err],
      [errorTable.not_found.exit, 'error: There is no file or folder /no/such/file.\n'],
    )
  })
})

describe('with --json', () => {
  it('standard output is one document, whatever else the command prints', async () => {
    assert.deepEqual(JSON.parse((await run('data list --json')).out), [
      { name: 'flights', rows: '1152921504606846976' },
    ])
    assert.deepEqual(JSON.parse((await run('run train --json')).out), {})
    assert.equal((await run('run train --json')).err, 'done\n')
  })

  it('an error is the document, and is told on standard error too', async () => {
    for (const line of ['rnu --json', 'run --json', 'run train --limit x --json']) {
      const { code, out, err } = await run(line)
      assert.equal(code, 2)
      assert.match(err, /^error: /)
      const { error } = JSON.parse(out) as { error: { code: string; status: number; detail: string } }
      assert.deepEqual([error.code, error.status], ['invalid_input', 400])
      assert.ok(err.includes(error.detail))
    }
  })

  it('a document that was printed before a failure stays the only one', async () => {
    const { code, out, err } = await run('boom --json')
    assert.deepEqual([code, JSON.parse(out)], [errorTable.gate_failed.exit, { half: true }])
    assert.match(err, /error: The gate says no\.\n {2}fix: Train on more data\.\n$/)
  })
})

describe('the terminal', () => {
  it('is plain and still when piped, and colourful and moving when someone watches', async () => {
    const escape = '\u001B['
    const piped = await run('run train')
    assert.deepEqual([piped.out, piped.err], ['done\n', ''])
    const watched = await run('run train', { tty: true })
    assert.ok(watched.err.includes(`${escape}2Khalf way`))
    assert.ok(watched.err.endsWith(`${escape}2K`), 'the progress line is gone at the end')
    assert.ok((await run('--help', { tty: true })).out.includes(escape))
    assert.ok(!(await run('--help --no-color', { tty: true })).out.includes(escape))
    assert.ok(!(await run('--help')).out.includes(escape))
  })
})
