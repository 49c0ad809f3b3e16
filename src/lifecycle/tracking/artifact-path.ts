import { fail } from '#contract/errors'

const longestPath = 1000

/**
 * Checks the path of an artifact and answers it. A path is relative and already in its normal form: an artifact is stored
 * by digest, but it is listed as a tree, downloaded under its name and exported into folders, where `..` would climb.
 *
 * Clients and proxies decode at different times, so every decoded form of the path must be as harmless as the path.
 */
export function artifactPath(path: string): string {
  if (path === '') refuse(path, 'it is empty')
  if (path.length > longestPath)
    refuse(`${path.slice(0, 40)}…`, `it is longer than ${longestPath} characters`)
  if (!path.isWellFormed()) refuse(path.toWellFormed(), 'it has half a character')
  let form = path
  for (;;) {
    checkForm(path, form)
    // Full-width dots and slashes turn into the plain ones in NFKC, which some file systems and proxies apply.
    checkForm(path, form.normalize('NFKC'))
    const next = decoded(form)
    if (next === form) return path
    form = next
  }
}

/** The path of a folder, which may end with a slash; `''` is the root. */
export function artifactFolder(path = ''): string {
  return path === '' ? '' : artifactPath(path.length > 1 ? path.replace(/\/$/, '') : path)
}

function checkForm(path: string, form: string): void {
  if (form.startsWith('/')) refuse(path, 'it is absolute')
  if (form.includes('\\')) refuse(path, 'it has a backslash')
  if (/[\p{Cc}#]/u.test(form)) refuse(path, 'it has a control character or "#"')
  if (/^(?:[A-Za-z]|file):/i.test(form)) refuse(path, 'it begins like a drive or a file URL')
  for (const segment of form.split('/')) {
    if (segment === '') refuse(path, 'it has an empty part')
    if (segment === '.' || segment === '..') refuse(path, `it has a part "${segment}"`)
  }
}

function decoded(form: string): string {
  try {
    return decodeURIComponent(form)
  } catch {
    return form
  }
}

function refuse(path: string, why: string): never {
  return fail('invalid_input', `Invalid path: "${path}" cannot name an artifact, since ${why}.`, {
    at: 'path',
    hint: 'Use a relative path such as "plots/roc.png".',
  })
}
