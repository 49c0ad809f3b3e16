import type { ServingHost } from '#lifecycle/serving/index'

/**
 * No serving process: for the command line without a server. What is decided is written down, and the next server brings
 * its serving process to it.
 */
export const absentServingHost: ServingHost = {
  url: () => undefined,
  start: async () => undefined,
  apply: async () => undefined,
  status: async () => undefined,
  stop: async () => undefined,
}
