type NamesIn<Pattern extends string> = Pattern extends `${string}:${infer Name}/${infer Rest}`
  ? Name | NamesIn<Rest>
  : Pattern extends `${string}:${infer Name}`
    ? Name
    : never

export type PlaceParameters<Pattern extends string> = { readonly [Name in NamesIn<Pattern>]: string }

/** An address of the page with its named parts, so that a link to nowhere does not compile. */
export interface Place<Pattern extends string = string> {
  readonly pattern: Pattern
  /** The path that fills the named parts. */
  to(parameters: PlaceParameters<Pattern>): string
  /** The named parts of a path, or undefined when the path is another place. */
  match(path: string): PlaceParameters<Pattern> | undefined
}

export function place<const Pattern extends string>(pattern: Pattern): Place<Pattern> {
  const parts = pattern.split('/')
  return {
    pattern,
    to: (parameters) =>
      parts
        .map((part) =>
          part.startsWith(':')
            ? encodeURIComponent((parameters as Readonly<Record<string, string>>)[part.slice(1)] ?? '')
            : part,
        )
        .join('/'),
    match: (path) => {
      const found = (path === '/' ? path : path.replace(/\/$/, '')).split('/')
      if (found.length !== parts.length) return undefined
      const parameters: Record<string, string> = {}
      for (const [index, part] of parts.entries()) {
        const text = found[index] ?? ''
        if (!part.startsWith(':')) {
          if (part !== text) return undefined
          continue
        }
        const value = decode(text)
        if (value === undefined || value === '') return undefined
        parameters[part.slice(1)] = value
      }
      return parameters as PlaceParameters<Pattern>
    },
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
