import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says about where to log. */
export interface SdkEnvironment {
  readonly url: string
  readonly token: string | undefined
  /** The folder of what could not be sent. */
  readonly journal: string
}

/**
 * The SDK runs in other people's programs, so it reads the environment on its own. A step of a pipeline finds its server under
 * the name that MLflow's clients read, so that name counts as well.
 */
export function readEnvironment(environment: Environment = process.env): SdkEnvironment {
  const set = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name])
  const tracking = set('MLFLOW_TRACKING_URI')
  return {
    url:
      set('DEVMLOPS_SERVER') ??
      (tracking !== undefined && /^https?:/.test(tracking) ? tracking : undefined) ??
      'http://127.0.0.1:5000',
    token: set('DEVMLOPS_TOKEN'),
    journal: set('DEVMLOPS_JOURNAL') ?? join(homedir(), '.devmlops', 'journal'),
  }
}

/** What a process started by the SDK inherits, with the token that was given. */
export function environmentWith(token: string | undefined): NodeJS.ProcessEnv {
  return token === undefined ? process.env : { ...process.env, DEVMLOPS_TOKEN: token }
}
