import type { ServingPlanInput, ServingStatus } from './plan.ts'

/**
 * Extension point: where the serving process runs. On one machine it is a child process; elsewhere it may be many
 * replicas behind a load balancer.
 */
export interface ServingHost {
  /** Where clients send predictions; undefined while nothing runs. */
  url(): string | undefined
  /** Starts the process, or takes over one that is already there. */
  start(): Promise<void>
  /** Fails when the plan is refused, with the process's own reason; what ran before keeps running. */
  apply(plan: ServingPlanInput): Promise<void>
  status(): Promise<ServingStatus | undefined>
  /** Sends one request to the endpoints, in the name of whoever looks at the page; absent where there are none to ask. */
  ask?(path: string, body: unknown): Promise<Response>
  /** Puts a new process in the place of the one that runs, without a request being lost; absent where that cannot be. */
  replace?(): Promise<void>
  /** Lets requests in flight end, then stops. */
  stop(): Promise<void>
}
