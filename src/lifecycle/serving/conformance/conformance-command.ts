import { fail } from '#contract/errors'
import type { Command, CommandContext } from '#platform/terminal/index'
import type { ConformanceReport } from './run-conformance.ts'

export const conformanceCommand: Command = {
  name: 'conformance',
  summary: 'Check any server of the Open Inference Protocol against the protocol',
  description:
    'Asks a server over REST, and gRPC where an address is given, what the protocol and its extensions promise. ' +
    'It knows nothing of the server but what that says of itself, so KServe, MLServer and Triton can be checked as well.',
  arguments: [{ name: 'URL', summary: 'where the server answers REST', required: true }],
  options: {
    grpc: { type: 'string', value: 'HOST:PORT', summary: 'Where it answers gRPC' },
    model: {
      type: 'string',
      value: 'NAME',
      summary: 'The model to ask; the first that is ready when left out',
    },
    request: {
      type: 'string',
      value: 'FILE',
      summary: 'A request of one row as JSON, for models whose metadata name no inputs',
    },
    token: { type: 'string', value: 'TOKEN', summary: 'Sent as a bearer token' },
    unload: { type: 'boolean', summary: 'Unload the model and load it again, too' },
  },
  examples: [
    {
      line: 'devmlops conformance http://127.0.0.1:5001 --grpc 127.0.0.1:5002',
      what: 'The server on this machine',
    },
    {
      line: 'devmlops conformance http://mlserver:8080 --model iris --request request.json',
      what: 'Another server, with a request that its model takes',
    },
  ],
  run: async (context) => {
    const { runConformance } = await import('./run-conformance.ts')
    const { options, terminal, json } = context
    const report = await runConformance({
      url: context.arguments.required('URL'),
      grpcAddress: options.text('grpc'),
      model: options.text('model'),
      token: options.text('token'),
      inputs: await givenInputs(options.text('request')),
      mayUnload: options.flag('unload'),
    })
    if (json) terminal.json(report)
    else await printReport(context, report)
    if (report.conforms) return
    const failed = report.cases.filter(({ required, result }) => required && result === 'fail').length
    fail(
      'validation_failed',
      `${failed} of what the protocol requires ${failed === 1 ? 'is' : 'are'} not met.`,
    )
  },
}

async function givenInputs(path: string | undefined) {
  if (path === undefined) return undefined
  const { readInputs } = await import('./given-inputs.ts')
  return readInputs(path)
}

async function printReport({ terminal }: CommandContext, report: ConformanceReport): Promise<void> {
  const { reportText } = await import('./report-text.ts')
  terminal.print(reportText(report))
}
