import type { HttpCall, HttpAnswer, Method, Protocol, Route } from './http/http-call.ts'

/** What a protocol adds its paths with. */
export interface RouteAdder {
  /** For callers that may ask for predictions, unless the route says who else. */
  add(method: Method, path: string, route: Route): void
  get(path: string, protocol: Protocol, handle: (call: HttpCall) => HttpAnswer | Promise<HttpAnswer>): void
  /** For everybody: what a load balancer looks at. */
  open(path: string, protocol: Protocol, handle: (call: HttpCall) => HttpAnswer | Promise<HttpAnswer>): void
}
