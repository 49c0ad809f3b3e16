import { parse } from 'yaml'
import { fail, messageOf } from '#contract/errors'

/**
 * Plain values from a file of another program in YAML or JSON (which is YAML).
 * @throws unreadable_data when it is neither.
 */
export function readYaml(text: string, name: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100, logLevel: 'error' }) as unknown
  } catch (error) {
    return fail('unreadable_data', `${name} is neither JSON nor YAML: ${messageOf(error).split('\n')[0]}`, {
      hint: 'Check that the file is whole.',
      at: name,
    })
  }
}
