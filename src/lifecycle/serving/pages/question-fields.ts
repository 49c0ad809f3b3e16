import type { ModelSignature } from '#lifecycle/tracking/contract'

export type QuestionField = ModelSignature['inputs'][number]

/** A value as somebody types it: lists as JSON, nothing for what is missing. */
export function typedText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const numeric = new Set(['integer', 'long', 'float', 'double'])

/**
 * What was typed as the value that is sent; undefined leaves the field out. Text that is no number goes as it is: the
 * endpoint says what it expects, in the words that every client gets.
 */
export function typedValue({ type, shape, required }: Omit<QuestionField, 'name'>, text: string): unknown {
  // Empty text is a value where one is required, and means that it is not known.
  if (text === '') return required && type === 'string' && shape === undefined ? '' : undefined
  if (shape !== undefined) return listOf(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  const number = Number(text)
  return numeric.has(type) && text.trim() !== '' && Number.isFinite(number) ? number : text
}

/** The row that the texts stand for. */
export function typedRow(
  inputs: readonly QuestionField[],
  texts: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const values = inputs.map((field) => [field.name, typedValue(field, texts[field.name] ?? '')] as const)
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}

/** The field that an error is about: `rows[0].distance` → `distance`. */
export function fieldAt(at: string | undefined, inputs: readonly QuestionField[]): string | undefined {
  const name = at?.replace(/^rows\[\d+\]\.?/, '')
  return inputs.find((input) => input.name === name || input.name.slice(0, 60) === name)?.name
}

/** `double`, `list of 3 × 32 floats` */
export function typeText({ type, shape }: Pick<QuestionField, 'type' | 'shape'>): string {
  return shape === undefined ? type : `list of ${shape.join(' × ')} ${type}s`
}

function listOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
