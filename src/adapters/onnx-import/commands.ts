import type { Command } from '#platform/terminal/index'

const defaultTolerance = 1e-5

export const modelImportCommands: readonly Command[] = [
  {
    name: 'models import',
    summary: 'Register an ONNX file as a version, checked against the scores of its trainer',
    description:
      'Inputs, outputs, labels and metadata are read from the file; files with tensors beside it come along.\n' +
      'With --scores, rows that the trainer scored are scored again: a column for each input, and one for each\n' +
      'output, such as probability, label or prediction. A difference beyond the tolerance refuses the import.',
    arguments: [{ name: 'FILE', summary: 'the .onnx file', required: true }],
    options: {
      name: { type: 'string', value: 'MODEL', summary: 'The model to register it under' },
      alias: { type: 'string', value: 'ALIAS', summary: 'Point this alias to the version' },
      scores: { type: 'string', value: 'PATH', summary: "The trainer's scores, CSV or Parquet" },
      tolerance: {
        type: 'number',
        value: 'NUMBER',
        summary: `What scores may differ by (default: ${defaultTolerance})`,
      },
      'allow-difference': { type: 'boolean', summary: 'Take it although the scores differ' },
      columns: {
        type: 'string',
        value: 'A,B,C',
        summary: 'Names for the columns of a matrix input (default: those in the file, or f0, f1, …)',
      },
      signature: {
        type: 'string',
        value: 'PATH',
        summary: 'Inputs as JSON, for what the graph does not say',
      },
    },
    examples: [
      { line: 'devmlops models import churn.onnx --name churn', what: 'Version 1 of churn' },
      {
        line: 'devmlops models import churn.onnx --name churn --scores holdout.parquet --alias challenger',
        what: 'Refused unless it scores the rows as its trainer did',
      },
    ],
    run: async ({ arguments: words, options, terminal, json, directory, client }) => {
      const { resolve } = await import('node:path')
      const { fail } = await import('#contract/errors')
      const { prepareImport, requireParity } = await import('./import-model.ts')
      const { readSignature } = await import('./stated-signature.ts')
      const name = options.text('name') ?? fail('invalid_input', 'A model needs a name: --name MODEL.')
      const at = (path: string | undefined): string | undefined =>
        path === undefined ? undefined : resolve(directory, path)
      const prepared = await prepareImport({
        path: resolve(directory, words.required('FILE')),
        columns: options.text('columns')?.split(','),
        signature: await readSignature(at(options.text('signature'))),
        scores: at(options.text('scores')),
        tolerance: options.number('tolerance') ?? defaultTolerance,
      })
      if (!options.flag('allow-difference')) requireParity(prepared.report, prepared.report.file)
      const { registryContract } = await import('#lifecycle/registry/contract')
      const { trackingContract } = await import('#lifecycle/tracking/contract')
      const { keepImport } = await import('./keep-import.ts')
      const registry = await client(registryContract)
      const version = await keepImport(
        { registry, tracking: await client(trackingContract) },
        { name, prepared },
      )
      const alias = options.text('alias')
      if (alias !== undefined) {
        await registry.promote({
          model: name,
          alias,
          version: version.version,
          reason: `imported ${prepared.report.file}`,
        })
      }
      if (json) {
        const { report, signature } = prepared
        return terminal.json({
          model: name,
          version: version.version,
          alias: alias ?? null,
          signature,
          report,
        })
      }
      const { printImported } = await import('./import-view.ts')
      printImported(terminal, { name, version: version.version, alias, prepared })
    },
  },
]
