export type YamlField = string | number | boolean | null | YamlFields
export interface YamlFields {
  readonly [key: string]: YamlField | readonly string[] | readonly number[]
}

/** YAML of plain fields. Texts are quoted as in JSON, which every YAML reads alike: nothing passes for a number or a date. */
export function yamlText(fields: YamlFields, indent = ''): string {
  return Object.entries(fields)
    .map(([key, field]) => {
      const name = /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key)
      if (Array.isArray(field)) return `${indent}${name}: ${JSON.stringify(field)}\n`
      if (typeof field !== 'object' || field === null) return `${indent}${name}: ${JSON.stringify(field)}\n`
      const inside = yamlText(field as YamlFields, `${indent}  `)
      return inside === '' ? `${indent}${name}: {}\n` : `${indent}${name}:\n${inside}`
    })
    .join('')
}
