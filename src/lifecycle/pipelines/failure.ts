import { DevmlopsError, messageOf, type ErrorCode } from '#contract/errors'
import type { Failure } from './contract.ts'

/** An error as it is kept in the store. */
export function failureOf(error: unknown, lastLines: readonly string[] = []): Failure {
  const lines = lastLines.length === 0 ? {} : { lastLines: [...lastLines] }
  if (error instanceof DevmlopsError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...lines,
    }
  }
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC') {
    return {
      code: 'storage_full',
      message: 'The disk is full.',
      hint: 'Free space, then run it again.',
      ...lines,
    }
  }
  return { code: 'internal', message: messageOf(error), ...lines }
}

/** Codes that say more about a run than that a step of it failed. */
const tellingCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'gate_failed',
  'validation_failed',
  'storage_full',
  'storage_corrupt',
])

/** What a run says of itself when steps of it have failed. */
export function runFailure(
  failed: readonly { readonly step: string; readonly failure: Failure | undefined }[],
): Failure {
  const [first, ...others] = failed
  const failure = first?.failure
  const also = others.length === 0 ? '' : ` (and ${others.map(({ step }) => step).join(', ')})`
  return {
    code: tellingCodes.has(failure?.code ?? '') ? (failure?.code ?? '') : 'step_failed',
    message: `The step "${first?.step ?? '?'}"${also} failed: ${failure?.message ?? 'for an unknown reason'}`,
    ...(failure?.hint === undefined ? {} : { hint: failure.hint }),
    ...(failure?.lastLines === undefined ? {} : { lastLines: failure.lastLines }),
  }
}

/** Failures that come again with every attempt, because nothing outside of the project can mend them. */
const lastingCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_input',
  'invalid_project',
  'not_found',
  'gate_failed',
  'validation_failed',
  'training_failed',
  'storage_corrupt',
])

export function mayPass(error: unknown): boolean {
  return !(error instanceof DevmlopsError && lastingCodes.has(error.code))
}
