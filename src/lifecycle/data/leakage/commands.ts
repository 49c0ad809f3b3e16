import type { Command } from '#platform/terminal/index'

export const leakageCommands: readonly Command[] = [
  {
    name: 'data leakage',
    summary: 'Look for what a model would know of the label, or of its test, that it must not',
    description:
      'Finds columns that add up to the label, features that predict it alone, rows, keys and days that stand on both\n' +
      'sides, test rows before the training ends, the same features with another label, and labels and categories that\n' +
      'only the test has. An error ends with exit code 6, so that it can guard a training.',
    options: {
      train: { type: 'string', value: 'A', summary: 'A dataset (NAME, NAME@VERSION) or a file' },
      test: { type: 'string', value: 'B', summary: 'Another one, that the model is tested on' },
      label: { type: 'string', value: 'COLUMN', summary: 'What the model shall predict' },
      time: { type: 'string', value: 'COLUMN', summary: 'When a row happened' },
      key: {
        type: 'string',
        value: 'COLUMN',
        multiple: true,
        summary: 'What names a thing whose rows belong together',
      },
      ignore: {
        type: 'string',
        value: 'COLUMN',
        multiple: true,
        summary: 'A column that no model will be given',
      },
    },
    examples: [
      {
        line: 'devmlops data leakage --train adult --test adult_test.csv --label class',
        what: 'Is the test fair?',
      },
      { line: 'devmlops data leakage --train rides --label cnt', what: 'Does a column know the answer?' },
      {
        line: 'devmlops data leakage --train trips@1 --test trips@2 --label tip --time pickup',
        what: 'In time order?',
      },
    ],
    run: async (context) => {
      const { existsSync } = await import('node:fs')
      const { resolve } = await import('node:path')
      const { fail } = await import('#contract/errors')
      const { leakageCalls } = await import('./leakage-calls.ts')
      const { options, terminal, json, directory } = context
      const place = (name: string): string =>
        existsSync(resolve(directory, name)) ? resolve(directory, name) : name
      const [train, label] = ['train', 'label'].map(
        (name) =>
          options.text(name) ??
          fail('invalid_input', `--${name} is missing.`, { hint: 'See devmlops data leakage --help.' }),
      ) as [string, string]
      const [test, time] = [options.text('test'), options.text('time')]
      const report = await (
        await context.client(leakageCalls)
      ).leakage({
        train: place(train),
        label,
        ...(test === undefined ? {} : { test: place(test) }),
        ...(time === undefined ? {} : { time }),
        key: [...options.list('key')],
        ignore: [...options.list('ignore')],
      })
      const errors = report.leaks.filter(({ severity }) => severity === 'error')
      if (json) terminal.json(report)
      else {
        const sides = [report.train, ...(report.test === null ? [] : [report.test])]
        terminal.print(
          sides.map(({ name, rows }) => `${name} (${rows.toLocaleString('en-US')} rows)`).join(', '),
        )
        for (const { severity, message } of report.leaks) {
          const mark = severity === 'error' ? terminal.style('✗', 'red') : terminal.style('!', 'yellow')
          terminal.print(`${mark} ${message}`)
        }
        if (report.leaks.length === 0) terminal.print(`${terminal.style('✓', 'green')} no leak was found`)
      }
      if (errors.length > 0) {
        fail(
          'validation_failed',
          `${errors.length} leak${errors.length === 1 ? '' : 's'} of ${label} found.`,
          {
            hint: 'Leave the columns out, or split the rows otherwise; --ignore COLUMN tells that a column is not used.',
          },
        )
      }
    },
  },
]
