/** One metric with all its series, in the Prometheus text format 0.0.4. */
export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
  readonly help: string
  /** Given the name, each line of it. */
  readonly lines: (name: string) => readonly string[]
}

export function renderFamily({ name, type, help, lines }: Family): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines(name), ''].join('\n')
}

export function gauge(name: string, help: string, value: number): Family {
  return { name, type: 'gauge', help, lines: () => [`${name} ${value}`] }
}

export function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** The series of one counter, by the values of its last label. */
export function countLines(
  name: string,
  labels: string,
  { label, counts }: { readonly label: string; readonly counts: ReadonlyMap<string | number, number> },
): string[] {
  return [...counts].map(
    ([value, count]) => `${name}{${labels},${label}="${escapeLabel(String(value))}"} ${count}`,
  )
}
