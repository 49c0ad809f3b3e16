import type { Command } from '#platform/terminal/index'

export const suiteCommands: readonly Command[] = [
  {
    name: 'data import-suite',
    summary: 'Bring in a suite of Great Expectations, Pandera or JSON Schema as expectations',
    description:
      'Reads a suite of Great Expectations in JSON (1.x and 0.18), a schema that Pandera wrote with to_yaml or to_json,\n' +
      'or a JSON Schema of a row. What has no counterpart is named with the reason.',
    arguments: [{ name: 'FILE', summary: 'the suite, as JSON or YAML', required: true }],
    options: {
      dataset: { type: 'string', value: 'NAME', summary: 'The dataset that the expectations are for' },
      write: { type: 'boolean', summary: 'Add them to devmlops.yaml, after showing the change' },
    },
    examples: [
      { line: 'devmlops data import-suite suite.json', what: 'Print the expectations, to read and paste' },
      { line: 'devmlops data import-suite schema.yaml --dataset orders --write', what: 'Into devmlops.yaml' },
    ],
    run: async (context) => {
      const { readFile } = await import('node:fs/promises')
      const { resolve } = await import('node:path')
      const { fail } = await import('#contract/errors')
      const { importSuite } = await import('./import-suite.ts')
      const { proposalsText, requireDescribed, withProposals } = await import('../inference/suite-text.ts')
      const { terminal, json, options } = context
      const name = context.arguments.required('FILE')
      const text = await readFile(resolve(context.directory, name), 'utf8').catch(() =>
        fail('not_found', `${name} cannot be read.`, { hint: 'Check the path of the suite.', at: name }),
      )
      const suite = importSuite(text, name)
      const proposals = suite.expectations.map((expectation) => ({ expectation }))
      const dataset = options.text('dataset')
      if (options.flag('write')) {
        if (dataset === undefined)
          fail('invalid_input', 'Whose expectations are they?', { hint: 'Add --dataset NAME.' })
        else {
          const { changeProject } = await import('../inference/change-project.ts')
          await changeProject(context, (before) => {
            requireDescribed(before, dataset)
            return withProposals(before, dataset, proposals)
          })
        }
      }
      if (json) return terminal.json(suite)
      if (!options.flag('write')) terminal.print(proposalsText(proposals))
      terminal.note(`${suite.expectations.length} imported, ${suite.unmapped.length} without a counterpart.`)
      for (const { name: unmapped, reason } of suite.unmapped)
        terminal.note(`left out: ${unmapped}: ${reason}`)
      for (const note of suite.notes) terminal.note(`note: ${note}`)
    },
  },
]
