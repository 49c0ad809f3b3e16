/** What people write for a version: `flights`, `flights@champion`, `flights@3`. Names may have an "@" themselves. */
export function splitModelReference(text: string): { model: string; reference: string | undefined } {
  const at = text.lastIndexOf('@')
  if (at <= 0 || at === text.length - 1) return { model: text, reference: undefined }
  return { model: text.slice(0, at), reference: text.slice(at + 1) }
}
