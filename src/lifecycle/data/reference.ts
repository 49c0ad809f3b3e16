import { fail } from '#contract/errors'

export interface DatasetReference {
  readonly name: string
  readonly version: number | 'latest'
}

/** Reads `flights`, `flights@3`, `flights@latest`, each also with `data.` in front. */
export function parseReference(reference: string): DatasetReference {
  const match = /^(?:data\.)?([A-Za-z][A-Za-z0-9_-]*)(?:@(latest|[1-9]\d*))?$/.exec(reference)
  const [, name, version = 'latest'] = match ?? []
  if (name === undefined) {
    return fail('invalid_input', `"${reference}" names no dataset; NAME or NAME@VERSION is expected.`, {
      hint: 'For example flights or flights@3.',
      at: reference,
    })
  }
  return { name, version: version === 'latest' ? 'latest' : Number(version) }
}
