import type { OptionDefinition } from '#platform/terminal/command'

/** Options that every command takes. */
export const globalOptions: Readonly<Record<string, OptionDefinition>> = {
  json: { type: 'boolean', summary: 'Print one JSON document on standard output' },
  project: { type: 'string', value: 'DIR', summary: 'The project, instead of the folder you are in' },
  server: { type: 'string', value: 'URL', summary: 'Talk to this server' },
  'no-color': { type: 'boolean', summary: 'Print without colours' },
  help: { type: 'boolean', short: 'h', summary: 'Explain the command' },
}
