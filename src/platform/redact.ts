const secretNames =
  /^(?:.*[_-])?(?:token|passwords?|passwd|secrets?|authorization|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)$/i

/**
 * A copy without the values of fields that name a secret (`token`, `apiKey`, `aws_secret_access_key`), at any depth: what
 * is logged or kept in the audit record is read by more people than may know them.
 */
export function redact(value: unknown): unknown {
  return redactAt(value, 0)
}

/** Deeper than any input here; a log line must not fail on a value that contains itself. */
const deepest = 20

function redactAt(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth === deepest) return '[deep]'
  if (Array.isArray(value)) return value.map((item) => redactAt(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretName(name) ? '[redacted]' : redactAt(item, depth + 1),
    ]),
  )
}

export function isSecretName(name: string): boolean {
  // `controlToken` and `secretAccessKey` are read as control_token and secret_access_key.
  return secretNames.test(name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2'))
}
