import type * as z from 'zod'
import { DevmlopsError, fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { Candidate } from './contract.ts'
import type { Task, Trainer } from './trainer-point.ts'

/**
 * Refuses candidates that no data could make right: a trainer, a parameter or a task that does not exist. Without it the
 * misspelt candidate would just be missing among those that are compared.
 *
 * @throws `invalid_input`, naming the candidate and the nearest valid name
 */
export function checkCandidates(
  candidates: readonly Candidate[],
  trainers: readonly Trainer[],
  task: Task,
): void {
  for (const { name, trainer, parameters } of candidates) {
    try {
      parseParameters(trainerFor(trainer, trainers, task), parameters)
    } catch (error) {
      if (!(error instanceof DevmlopsError)) throw error
      fail(error.code, `Candidate "${name}": ${error.message}`, {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        at: `candidates.${name}.${error.at ?? ''}`,
      })
    }
  }
}

/** @throws `invalid_input` */
export function trainerFor(name: string, trainers: readonly Trainer[], task: Task): Trainer {
  const trainer = trainers.find((candidate) => candidate.name === name) ?? failOnName(name, trainers)
  if (trainer.tasks.includes(task)) return trainer
  return fail('invalid_input', `The trainer ${name} fits ${trainer.tasks.join(' and ')}, not ${task}.`, {
    hint: `Trainers for ${task}: ${trainers.flatMap((one) => (one.tasks.includes(task) ? [one.name] : [])).join(', ')}.`,
    at: 'trainer',
  })
}

function failOnName(name: string, trainers: readonly Trainer[]): never {
  const names = trainers.map((trainer) => trainer.name)
  const near = nearestName(name, names)
  return fail('invalid_input', `There is no trainer "${name}".`, {
    hint: near === undefined ? `There are ${names.join(', ')}.` : `Did you mean "${near}"?`,
    at: 'trainer',
  })
}

/** Checked, with defaults filled in. */
export function parseParameters(trainer: Trainer, given: Readonly<Record<string, unknown>>): unknown {
  const parsed = trainer.parameters.safeParse(given)
  if (parsed.success) return parsed.data
  return failOnParameter(trainer, parsed.error)
}

function failOnParameter(trainer: Trainer, error: z.ZodError): never {
  const [issue] = error.issues
  if (issue?.code !== 'unrecognized_keys')
    return fail('invalid_input', `${trainer.name}: parameter ${issue?.path.join('.')}: ${issue?.message}`, {
      at: `parameters.${issue?.path.join('.')}`,
    })
  const known = Object.keys((trainer.parameters as Partial<z.ZodObject>).shape ?? {})
  const [unknown] = issue.keys
  const near = trainer.foreignNames?.[unknown as string] ?? nearestName(unknown as string, known)
  return fail('invalid_input', `The trainer ${trainer.name} has no parameter "${unknown}".`, {
    hint: near === undefined ? `It has ${known.join(', ')}.` : `Did you mean "${near}"?`,
    at: `parameters.${unknown}`,
  })
}
