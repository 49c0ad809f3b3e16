export { createUpstreamRuntime, type UpstreamRuntimeOptions } from './upstream-runtime.ts'
