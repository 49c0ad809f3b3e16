import { fail } from '#contract/errors'

/** Where the files of a version are, as a client wrote it. */
export type SourceUri =
  | { readonly kind: 'logged model'; readonly modelId: string }
  | { readonly kind: 'version'; readonly name: string; readonly reference: string }
  | { readonly kind: 'run'; readonly runId: string }
  | { readonly kind: 'proxied'; readonly runId?: string; readonly modelId?: string }
  /** Another store, which this server does not read. */
  | { readonly kind: 'foreign' }

const longestSource = 4096

/**
 * Reads the source of a new version. A path on the server's own disk is no source, and no decoded form of one may climb:
 * whoever registers must not be able to name files that they could not read.
 */
export function parseSourceUri(source: string): SourceUri {
  if (source.length > longestSource) refuse(source, `it is longer than ${longestSource} characters`)
  checkHarmless(source)
  const { scheme, authority, path } = partsOf(source)
  if (scheme === undefined || scheme === 'file' || scheme.length === 1) {
    refuse(source, 'this server reads no local paths', {
      hint: 'Log the model to a run first, and register it from there: runs:/RUN_ID/PATH.',
    })
  }
  if (path === '' || !path.startsWith('/')) refuse(source, 'an absolute path must be provided')
  if (scheme === 'runs' || scheme === 'models') {
    if (authority !== '') refuse(source, 'it names another server')
    return scheme === 'runs' ? runSource(source, path) : modelSource(source, path)
  }
  return scheme === 'mlflow-artifacts' && authority === '' ? proxiedSource(path) : { kind: 'foreign' }
}

/** `models:/ID`, `models:/NAME/VERSION`, `models:/NAME/STAGE` and `models:/NAME@ALIAS`. */
function modelSource(source: string, path: string): SourceUri {
  const [name = '', suffix, ...more] = path.slice(1).split('/')
  if (name.trim() === '' || more.length > 0 || suffix?.trim() === '') refuse(source, 'no model is called so')
  if (suffix !== undefined) return { kind: 'version', name, reference: suffix }
  const at = name.lastIndexOf('@')
  if (at === -1) return { kind: 'logged model', modelId: name }
  if (at === 0 || at === name.length - 1) refuse(source, 'no model is called so')
  return { kind: 'version', name: name.slice(0, at), reference: name.slice(at + 1) }
}

function runSource(source: string, path: string): SourceUri {
  const [runId = '', ...rest] = path.slice(1).split('/')
  if (runId === '' || rest.join('') === '') refuse(source, 'it names no path of a run')
  return { kind: 'run', runId }
}

/** Where tracking keeps the files of runs and of logged models, unless an experiment says otherwise. */
function proxiedSource(path: string): SourceUri {
  const [, , first, second, third] = path.split('/')
  if (first === 'models' && second !== undefined && third === 'artifacts')
    return { kind: 'proxied', modelId: second }
  if (first !== undefined && /^[0-9a-f]{32}$/.test(first) && second === 'artifacts')
    return { kind: 'proxied', runId: first }
  return { kind: 'proxied' }
}

/** Clients and proxies decode at different times, so every decoded form must be as harmless as the text. */
function checkHarmless(source: string): void {
  let form = source
  for (;;) {
    const segments = form.split('/')
    if (form.includes('\0') || segments.some((segment) => segment === '..' || segment === '.'))
      refuse(source, 'it has relative path references')
    const next = decoded(form)
    if (next === form) return
    form = next
  }
}

function decoded(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replaceAll(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString())
}

function partsOf(uri: string): { scheme: string | undefined; authority: string; path: string } {
  const match = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)/i.exec(uri)
  const path = (match?.[3] ?? '').replaceAll(/\/+/g, '/').replace(/\/$/, '')
  return { scheme: match?.[1]?.toLowerCase(), authority: match?.[2] ?? '', path }
}

function refuse(source: string, why: string, detail: { hint?: string } = {}): never {
  return fail('invalid_input', `Invalid model version source: '${source.slice(0, 200)}': ${why}.`, {
    at: 'source',
    ...detail,
  })
}
