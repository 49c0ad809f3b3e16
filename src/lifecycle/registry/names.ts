import { fail } from '#contract/errors'
import { checkKey, isNormalPath } from '#lifecycle/tracking/index'

const longestName = 256
const longestTag = 100_000
const longestDescription = 100_000
const longestReference = 2000

/** MLflow's rules: a name is a part of `models:/NAME/VERSION` and `models:/NAME@ALIAS`. */
export function checkModelName(name: string): void {
  if (name.trim() !== '' && name.length <= longestName && !/[/:\p{Cc}]/u.test(name) && isNormalPath(name))
    return
  fail('invalid_input', `"${name.slice(0, 60)}" cannot be the name of a model.`, {
    at: 'model',
    hint: `Names have 1 to ${longestName} characters, no "/" and no ":".`,
  })
}

/** What may be asked for: also `latest` and `v1`, which nobody can set. */
export function checkAliasForm(alias: string): void {
  if (!/^[\p{L}\p{N}_-]{1,255}$/u.test(alias)) {
    fail('invalid_input', `"${alias.slice(0, 60)}" cannot be an alias.`, {
      at: 'alias',
      hint: 'Aliases have 1 to 255 letters, digits, "_" and "-".',
    })
  }
}

export function checkAlias(alias: string): void {
  checkAliasForm(alias)
  if (/^(?:latest|v\d+)$/i.test(alias)) {
    fail('invalid_input', `"${alias}" is reserved: it would read as a version.`, {
      at: 'alias',
      hint: 'Use a word such as "champion" or "challenger".',
    })
  }
}

export function checkModelTags(tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    checkKey('tag', key)
    if (value.includes('\0')) fail('invalid_input', `The tag "${key}" has a NUL character.`, { at: 'tags' })
    if (value.length <= longestTag) continue
    fail('invalid_input', `The tag "${key}" has ${value.length} characters; the limit is ${longestTag}.`, {
      at: 'tags',
    })
  }
}

export function checkDescription(description: string): void {
  if (description.length <= longestDescription && !description.includes('\0')) return
  fail('invalid_input', `A description has at most ${longestDescription} characters, and no NUL.`, {
    at: 'description',
  })
}

/** Ids and links that a client claims and nobody checks. */
export function checkReferences(given: {
  readonly runId?: string
  readonly runLink?: string
  readonly modelId?: string
}): void {
  for (const text of [given.runId, given.runLink, given.modelId]) {
    if (text === undefined || (text.length <= longestReference && !text.includes('\0'))) continue
    fail('invalid_input', `An id or a link has at most ${longestReference} characters, and no NUL.`)
  }
}
