/** What an input points at. */
export type Reference =
  | { readonly kind: 'dataset'; readonly name: string; readonly version: string | undefined }
  | { readonly kind: 'output'; readonly step: string; readonly output: string | undefined }
  | { readonly kind: 'file'; readonly path: string }

export const namePattern = /^[A-Za-z_][A-Za-z0-9_-]*$/

/** How references are written, for messages. */
export const referenceForms = 'data.NAME, data.NAME@VERSION, STEP, STEP.OUTPUT or file:PATH'

/** Reads `data.flights@3`, `prepare.training`, `train` or `file:notes.txt`; undefined when it is none of them. */
export function parseReference(text: string): Reference | undefined {
  if (text.startsWith('file:')) {
    const path = text.slice('file:'.length)
    return path === '' ? undefined : { kind: 'file', path }
  }
  const dataset = /^data\.([A-Za-z_][A-Za-z0-9_-]*)(?:@([A-Za-z0-9_.-]+))?$/.exec(text)
  if (dataset !== null) return { kind: 'dataset', name: dataset[1] as string, version: dataset[2] }
  const output = /^([A-Za-z_][A-Za-z0-9_-]*)(?:\.([A-Za-z_][A-Za-z0-9_-]*))?$/.exec(text)
  return output === null ? undefined : { kind: 'output', step: output[1] as string, output: output[2] }
}
