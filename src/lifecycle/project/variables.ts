import { type Document, isAlias, isMap, isScalar, isSeq } from 'yaml'
import { fail } from '#contract/errors'
import type { ProjectPath, VariableReference } from './contract.ts'
import { placeText, type SourceText } from './source-text.ts'
import { keyName, spanOf } from './yaml-document.ts'

/** `${NAME}`, `${NAME:-default}`, and `$${` for a plain `${`. */
const referencePattern = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** What a variable holds; undefined when nobody set it. Passed in, so that only one file reads the process's own. */
export type VariableLookup = (name: string) => string | undefined

/** Where the file uses variables. Their values are looked up only when a stage needs them, and are kept nowhere. */
export function variablesIn(source: SourceText, document: Document.Parsed): VariableReference[] {
  const found: VariableReference[] = []
  const walk = (node: unknown, path: ProjectPath): void => {
    if (isAlias(node)) return
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, index])
    if (isMap(node)) for (const { key, value } of node.items) walk(value, [...path, keyName(key)])
    if (!isScalar(node) || typeof node.value !== 'string') return
    for (const [, name] of node.value.matchAll(referencePattern)) {
      if (name !== undefined) found.push({ name, path, at: placeText(source, spanOf(node).start) })
    }
  }
  walk(document.contents, [])
  return found
}

/** What {@link resolveVariables} needs besides the value. */
export interface VariableSource {
  readonly lookup: VariableLookup
  /** The project that the value comes from, so that an error can name the place. */
  readonly project: { readonly variables: readonly VariableReference[] }
}

/**
 * A value of the project file with every `${NAME}` in its texts replaced; numbers, keys and everything else stay.
 * Call it at the moment of use and do not store the result: it may hold secrets. The stage decides which fields it is
 * called for; a shell command, for one, is left to the shell.
 *
 * An empty variable counts as set for `${NAME}` and as missing for `${NAME:-default}`, as in a shell.
 *
 * @throws invalid_project when variables are missing, naming all of them and where the file uses them.
 */
export function resolveVariables<Value>(value: Value, { lookup, project }: VariableSource): Value {
  const missing = new Set<string>()
  const resolveText = (text: string): string =>
    text.replaceAll(referencePattern, (whole, name: string | undefined, fallback: string | undefined) => {
      if (name === undefined) return whole.slice(1)
      const held = lookup(name)
      if (held !== undefined && (held !== '' || fallback === undefined)) return held
      if (fallback === undefined) missing.add(name)
      return fallback ?? ''
    })
  const resolve = (part: unknown): unknown => {
    if (typeof part === 'string') return resolveText(part)
    if (Array.isArray(part)) return part.map(resolve)
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([name, held]) => [name, resolve(held)]))
  }
  const resolved = resolve(value) as Value
  if (missing.size > 0) failMissing([...missing], project.variables)
  return resolved
}

function failMissing(names: readonly string[], variables: readonly VariableReference[]): never {
  const places = names.map((name) => {
    const at = variables.filter((variable) => variable.name === name).map((variable) => variable.at)
    return at.length === 0 ? name : `${name} (used at ${at.join(', ')})`
  })
  const first = variables.find((variable) => names.includes(variable.name))?.at
  const many = names.length > 1
  fail(
    'invalid_project',
    `the environment ${many ? 'variables' : 'variable'} ${places.join(', ')} ${many ? 'are' : 'is'} not set`,
    {
      hint: `Set ${many ? 'them' : 'it'} before starting DevMLOps, or give a default: \${${names[0]}:-default}.`,
      ...(first === undefined ? {} : { at: first }),
    },
  )
}
