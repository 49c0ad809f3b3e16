import type { Command } from '#platform/terminal/index'

export const sdkFlushCommand: Command = {
  name: 'sdk flush',
  summary: 'Send what programs logged while their server was away',
  description:
    'A program that logs with devmlops/sdk and ends before its server is back leaves a journal. Its next start sends it, and\n' +
    'so does this command, to the server that each journal was written for unless --server names another one. What is sent\n' +
    'twice is stored once.',
  options: {
    journal: {
      type: 'string',
      value: 'DIR',
      summary: 'The folder of journals (default: DEVMLOPS_JOURNAL, else ~/.devmlops/journal)',
    },
  },
  examples: [
    { line: 'devmlops sdk flush', what: 'Send all journals that no living process writes' },
    { line: 'devmlops sdk flush --server http://tracking:5000', what: 'The server has moved' },
  ],
  run: async ({ options, terminal, json }) => {
    const { flushJournals, readEnvironment } = await import('#sdk/index')
    const { readConfig } = await import('#platform/config')
    const { token } = readConfig()
    const url = options.text('server')
    const { sent, refused } = await flushJournals({
      journal: options.text('journal') ?? readEnvironment().journal,
      ...(url === undefined ? {} : { url }),
      ...(token === undefined ? {} : { token }),
    })
    const problems = refused.map(({ runId, error: { code, message } }) => ({ runId, code, message }))
    if (json) return terminal.json({ sent, refused: problems })
    terminal.print(sent === 0 ? 'Nothing waits.' : `Sent ${sent} ${sent === 1 ? 'batch' : 'batches'}.`)
    for (const { runId, message } of problems) terminal.warn(`run ${runId}: refused: ${message}`)
  },
}
