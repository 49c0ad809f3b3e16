import type { ErrorCode } from '#contract/errors'

/** The codes of gRPC (github.com/grpc/grpc/blob/master/doc/statuscodes.md) that the server answers with. */
export const grpcStatus = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const

export type GrpcStatus = (typeof grpcStatus)[keyof typeof grpcStatus]

/** Each error in gRPC's words, as KServe's server has them: unknown NOT_FOUND, not ready UNAVAILABLE. */
export const statusOf: Readonly<Record<ErrorCode, GrpcStatus>> = {
  invalid_input: grpcStatus.invalidArgument,
  invalid_project: grpcStatus.invalidArgument,
  unsupported_media_type: grpcStatus.unimplemented,
  payload_too_large: grpcStatus.resourceExhausted,
  unauthenticated: grpcStatus.unauthenticated,
  permission_denied: grpcStatus.permissionDenied,
  not_found: grpcStatus.notFound,
  already_exists: grpcStatus.alreadyExists,
  conflict: grpcStatus.aborted,
  store_in_use: grpcStatus.failedPrecondition,
  port_in_use: grpcStatus.failedPrecondition,
  validation_failed: grpcStatus.failedPrecondition,
  unreadable_data: grpcStatus.failedPrecondition,
  gate_failed: grpcStatus.failedPrecondition,
  step_failed: grpcStatus.failedPrecondition,
  training_failed: grpcStatus.failedPrecondition,
  cancelled: grpcStatus.cancelled,
  rate_limited: grpcStatus.resourceExhausted,
  overloaded: grpcStatus.unavailable,
  not_ready: grpcStatus.unavailable,
  timed_out: grpcStatus.deadlineExceeded,
  storage_full: grpcStatus.resourceExhausted,
  storage_corrupt: grpcStatus.dataLoss,
  server_unreachable: grpcStatus.unavailable,
  internal: grpcStatus.internal,
}
