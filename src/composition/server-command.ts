import { toProblem } from '#contract/errors'
import type { Command } from '#platform/terminal/index'

export const serverCommand: Command = {
  name: 'server',
  summary: 'Start the server, the web page and the endpoints',
  description:
    'Listens on loopback unless told otherwise. To listen beyond it, set DEVMLOPS_TOKEN and pass --host.\n' +
    'Stops on Ctrl-C after the requests in flight; a killed server picks up where it was when started again.',
  options: {
    host: { type: 'string', value: 'ADDRESS', summary: 'Address to listen on (default 127.0.0.1)' },
    port: { type: 'number', summary: 'Port of the server and web page (default 5000)' },
    'serving-port': { type: 'number', summary: 'Port of the prediction endpoints (default 5001)' },
  },
  examples: [{ line: 'devmlops server --port 5000', what: 'Then open http://127.0.0.1:5000' }],
  run: async ({ options, directory, terminal, signal, json }) => {
    const { startServer } = await import('./start-server.ts')
    const host = options.text('host')
    const port = options.number('port')
    const servingPort = options.number('serving-port')
    const server = await startServer({
      directory: options.text('project') ?? directory,
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      ...(servingPort === undefined ? {} : { servingPort }),
    })
    if (json) terminal.json({ url: server.url, project: server.projectName })
    else
      terminal.print(
        `${terminal.style(server.projectName, 'bold')} is at ${terminal.style(server.url, 'cyan')}   (Ctrl-C stops)`,
      )
    if (server.servingProblem !== undefined) {
      const { detail, hint } = toProblem(server.servingProblem)
      terminal.warn(`the endpoints do not answer: ${detail}`)
      if (hint !== undefined) terminal.note(`     fix: ${hint}`)
    }
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    await server.close()
  },
}
