/** Whether the text may be a run's id at all; nothing else is worth asking the store for, and some of it would make it fail. */
export function isRunId(text: string): boolean {
  return /^[A-Za-z0-9][\w-]{0,255}$/.test(text)
}
