/** Whether a path below the folder, written with `/`, is meant. */
export type PathTest = (path: string) => boolean

/**
 * Patterns as in `.gitignore`: one without a slash means a name at any depth, one with a slash a path from the folder;
 * `*` and `?` stay within a name, `**` crosses directories. Whoever names a directory names all that is in it.
 */
export function matchPatterns(patterns: readonly string[]): PathTest {
  if (patterns.length === 0) return () => false
  const sources = patterns.map((pattern) => {
    // All that is in a directory is the directory.
    const trimmed = pattern.replace(/^\.?\//, '').replace(/(?:\/\*\*)?\/*$/, '')
    const anchored = pattern.replace(/\/+$/, '').includes('/')
    return `${anchored ? '^' : '(?:^|/)'}${regexSource(trimmed)}(?:/|$)`
  })
  const test = new RegExp(sources.map((source) => `(?:${source})`).join('|'), 's')
  return (path) => test.test(path)
}

function regexSource(pattern: string): string {
  let source = ''
  for (let place = 0; place < pattern.length; place += 1) {
    const rest = pattern.slice(place)
    const character = pattern[place] as string
    if (rest.startsWith('**/')) {
      source += '(?:.*/)?'
      place += 2
    } else if (rest.startsWith('**')) {
      source += '.*'
      place += 1
    } else if (character === '*') source += '[^/]*'
    else if (character === '?') source += '[^/]'
    else {
      const group = /^\[[^\]/]+\]/.exec(rest)?.[0]
      const choice = /^\{[^{}/]*\}/.exec(rest)?.[0]
      if (group !== undefined) {
        source += classSource(group)
        place += group.length - 1
      } else if (choice !== undefined) {
        source += `(?:${choice.slice(1, -1).split(',').map(regexSource).join('|')})`
        place += choice.length - 1
      } else source += character.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    }
  }
  return source
}

function classSource(group: string): string {
  const inner = group.slice(1, -1).replace(/\\/g, '\\\\')
  return `[${inner.startsWith('!') ? `^${inner.slice(1)}` : inner.replace(/^\^/, '\\^')}]`
}
