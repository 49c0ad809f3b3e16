import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { ParameterValue, Parameters } from './contract.ts'

/**
 * The parameters of a run: the pipeline's defaults and what was given for this run. The default says which type a
 * parameter has; text that reads as that type is taken, because a command line has nothing but text.
 */
export function parameterValues(pipeline: string, defaults: Parameters, given: Parameters): Parameters {
  const values: Record<string, ParameterValue> = { ...defaults }
  for (const [name, value] of Object.entries(given)) {
    const usual = defaults[name]
    if (usual === undefined) {
      const names = Object.keys(defaults)
      const meant = nearestName(name, names)
      fail('invalid_input', `The pipeline "${pipeline}" has no parameter "${name}".`, {
        at: name,
        hint:
          meant !== undefined
            ? `Did you mean ${meant}?`
            : names.length === 0
              ? 'It has none.'
              : `It has ${names.join(', ')}.`,
      })
    }
    values[name] = withTypeOf(usual, value, name)
  }
  return values
}

function withTypeOf(usual: ParameterValue, value: ParameterValue, name: string): ParameterValue {
  if (typeof value === typeof usual) return value
  if (typeof usual === 'string') return String(value)
  if (typeof usual === 'number' && typeof value === 'string' && value.trim() !== '') {
    const number = Number(value)
    if (Number.isFinite(number)) return number
  }
  if (typeof usual === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return fail(
    'invalid_input',
    `The parameter "${name}" is a ${typeof usual}, such as ${usual}, and not "${value}".`,
    {
      at: name,
    },
  )
}
