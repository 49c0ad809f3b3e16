import { fail } from '#contract/errors'

/** Device names that Windows gives to no file, with whatever ending. */
const windowsDevice = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)/i
// eslint-disable-next-line no-control-regex -- it is what the pattern is about
const controlCharacter = /[\u0000-\u001F\u007F]/

/**
 * Refuses a name that a version cannot hold, because it could mean another place or another line where it is read again.
 * @throws invalid_input naming the file
 */
export function requireStorableName(name: string, path: string): void {
  if (controlCharacter.test(name)) {
    refuse(path, 'has a control character (a line feed, a tab, …) in its name')
  }
  if (name.includes('\\')) refuse(path, 'has a backslash in its name, which divides folders on Windows')
}

function refuse(path: string, what: string): never {
  return fail('invalid_input', `${JSON.stringify(path)} ${what}.`, {
    hint: 'Rename it, or leave it out with `exclude`.',
    at: path,
  })
}

/** Why a file of this name cannot be written on every system, if it cannot. */
export function portabilityProblem(name: string): string | undefined {
  if (/[<>:"|?*]/.test(name)) return 'a character that Windows forbids'
  if (/[. ]$/.test(name)) return 'a dot or space at its end, which Windows drops'
  return windowsDevice.test(name) ? 'the name of a device on Windows' : undefined
}

/** Names that are one file where letters of both cases, or composed and decomposed ones, are the same. */
export function collidingNames(names: readonly string[]): [string, string] | undefined {
  const seen = new Map<string, string>()
  for (const name of names) {
    const folded = name.normalize('NFC').toLowerCase()
    const other = seen.get(folded)
    if (other !== undefined) return [other, name]
    seen.set(folded, name)
  }
  return undefined
}
