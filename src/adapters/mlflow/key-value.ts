import { message, required, text } from './message.ts'

/** One `{key, value}`, as tags and params travel. */
export const keyValue = message({ key: required(text), value: text })

/** Of two with one key the later counts. By entries, not by assignment: a key may be `__proto__`. */
export function textMap(
  pairs: readonly { readonly key: string; readonly value?: string | undefined }[] = [],
): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value ?? '']))
}
