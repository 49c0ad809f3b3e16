import type { PipelineRunView, Trigger } from '../contract.ts'

export const pollRunningMs = 1000

export function isGoing({ state }: Pick<PipelineRunView, 'state'>): boolean {
  return state === 'queued' || state === 'running'
}

export function stateWord(state: string): string {
  return state.charAt(0).toUpperCase() + state.slice(1)
}

const triggerWords: Readonly<Record<Trigger['kind'], string>> = {
  manual: 'started by hand',
  alert: 'started by an alert',
  data: 'started by new data',
  schedule: 'started by the clock',
}

export function describeTrigger({ kind, reason }: Trigger): string {
  return reason === undefined ? triggerWords[kind] : `${triggerWords[kind]}: ${reason}`
}

export function describeDatasets(datasets: Readonly<Record<string, string>>): string {
  return Object.entries(datasets)
    .map(([name, version]) => (version.includes('@') ? version : `${name}@${version}`))
    .join(', ')
}
