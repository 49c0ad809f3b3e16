/** What threads that read may use of tracking. Light: no schemas, no handlers, nothing that writes. */
export { tokenOf } from './page-token.ts'
export { reservedTags } from './reserved-tags.ts'
export { readRunPage, type RunPageQuery } from './run-page.ts'
export type { RunText } from './run-texts.ts'
