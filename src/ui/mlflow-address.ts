import { places } from './places.ts'

/**
 * MLflow's clients print an address of MLflow's own page when a run ends, such as `/#/experiments/1/runs/4f…`. Gives ours
 * for it, or undefined when the hash is none of these.
 */
export function addressForMlflow(hash: string): string | undefined {
  const [kind, first, more, second] = hash.replace(/^#\//, '').split(/[/?]/).map(decode)
  if (!hash.startsWith('#/')) return undefined
  if (kind === 'experiments' && more === 'runs' && second !== undefined)
    return places.run.to({ runId: second })
  if (kind === 'experiments') return places.runs.to({})
  if (kind !== 'models') return undefined
  if (first === undefined || first === '') return places.models.to({})
  return more === 'versions' && second !== undefined
    ? places.modelVersion.to({ model: first, version: second })
    : places.model.to({ model: first })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
