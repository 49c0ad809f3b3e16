import { fail } from '#contract/errors'

interface Routed {
  readonly methods: readonly string[]
  /** `:name` stands for one part. */
  readonly path: string
}

interface Found<Call> {
  readonly call: Call
  /** The decoded parts of the path by their names. */
  readonly parts: Readonly<Record<string, string>>
}

/** Finds a call by method and path: by the whole path where it has no names, else by comparing parts. */
export function createRouter<Call extends Routed>(
  calls: readonly Call[],
): (method: string, path: string) => Found<Call> | undefined {
  const exact = new Map<string, Call>()
  const patterns: { readonly call: Call; readonly parts: readonly string[] }[] = []
  for (const call of calls) {
    if (call.path.includes(':')) patterns.push({ call, parts: call.path.split('/') })
    else for (const method of call.methods) exact.set(`${method} ${call.path}`, call)
  }
  return (method, path) => {
    const call = exact.get(`${method} ${path}`)
    if (call !== undefined) return { call, parts: {} }
    const given = path.split('/')
    for (const pattern of patterns) {
      if (!pattern.call.methods.some((known) => known === method)) continue
      const parts = matched(pattern.parts, given)
      if (parts !== undefined) return { call: pattern.call, parts }
    }
    return undefined
  }
}

function matched(pattern: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== given.length) return undefined
  const parts: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':')) parts[part.slice(1)] = decoded(value)
    else if (part !== value) return undefined
  }
  return parts
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return fail('invalid_input', `"${part.slice(0, 100)}" is not a part of a URL.`, { at: 'path' })
  }
}
