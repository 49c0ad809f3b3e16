import type { IncomingHttpHeaders } from 'node:http'
import type { Route } from '../http/http-call.ts'

type Admit = NonNullable<Route['admit']>

export interface AdministratorChecks {
  /** The control side, by its token. */
  readonly admit: (headers: IncomingHttpHeaders) => void
  readonly admitTo: (scope: 'admin') => Admit
}

/**
 * Whoever may free and bring back what answers: the control side, and the keys with the scope `admin`. An endpoint that is
 * open is open for questions only.
 */
export function administratorCheck({ admit, admitTo }: AdministratorChecks): Admit {
  const admitKey = admitTo('admin')
  return (headers, connection) => {
    try {
      return admit(headers)
    } catch (error) {
      const admission = admitKey(headers, connection)
      if (admission?.caller === undefined) throw error
      return admission
    }
  }
}
