/** Somebody's word that a version must stay: by its number, or by the digest of its content, or both. */
export interface NamedVersion {
  readonly dataset?: string | undefined
  readonly version?: number | undefined
  readonly digest?: string | undefined
  /** Who names it, as a person calls it: `model flight-delays@3`. */
  readonly by: string
  /** It stands in some record, and nobody said what that is: not told when somebody has said more. */
  readonly vague?: true
}

/** What a text such as `flights@3` or `data.flights@3` names, if it names a version. */
export function namedInText(text: string, by: string): NamedVersion[] {
  const match = /^(?:data\.)?([A-Za-z][A-Za-z0-9_-]*)@([1-9]\d*)$/.exec(text)
  return match === null ? [] : [{ dataset: match[1], version: Number(match[2]), by }]
}

/** Who names which version. */
export interface Namings {
  add(named: NamedVersion): void
  /** Everybody who names it, each once, in the order in which they came; not more than a few. */
  of(version: { readonly dataset: string; readonly version: number; readonly digest: string }): string[]
}

const mostNamed = 5

export function createNamings(): Namings {
  const byPlace = new Map<string, Set<string>>()
  const byDigest = new Map<string, Set<string>>()
  const vaguely = new Map<string, Set<string>>()
  const put = (map: Map<string, Set<string>>, key: string, by: string): void => {
    const names = map.get(key) ?? new Set()
    // A version that a thousand runs used needs one of them to stay.
    if (names.size < mostNamed) names.add(by)
    map.set(key, names)
  }
  return {
    add: ({ dataset, version, digest, by, vague }) => {
      if (vague === true && digest !== undefined) return put(vaguely, digest, by)
      if (dataset !== undefined && version !== undefined) put(byPlace, `${dataset}@${version}`, by)
      if (digest !== undefined) put(byDigest, digest, by)
    },
    of: ({ dataset, version, digest }) => {
      const said = [...(byPlace.get(`${dataset}@${version}`) ?? []), ...(byDigest.get(digest) ?? [])]
      return [...new Set(said.length > 0 ? said : vaguely.get(digest))]
    },
  }
}
