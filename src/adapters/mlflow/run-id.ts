import { required, text } from './message.ts'

/** `run_uuid` is the old name; clients send both, and either will do. */
export const runId = { run_id: text, run_uuid: text }

/** Fails with `invalid_input` when neither is given. */
export function runIdOf(request: {
  readonly run_id?: string | undefined
  readonly run_uuid?: string | undefined
}): string {
  const given = request.run_id === '' ? undefined : request.run_id
  return required(text).read(given ?? request.run_uuid, 'run_id') as string
}
