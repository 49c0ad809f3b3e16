import { z } from 'zod'
import { projectSchema } from './check-project.ts'
import { freeKeyPrefix, projectFileName, type SectionDefinition } from './contract.ts'
import { layersOf } from './schema-walk.ts'

/** The file that editors read for completion and checks. */
export const projectJsonSchemaFileName = 'devmlops.schema.json'

/** The comment that makes editors with a YAML language server use the schema; it belongs at the top of the file. */
const projectJsonSchemaComment = `# yaml-language-server: $schema=./${projectJsonSchemaFileName}`

/** JSON Schema (draft 2020-12) of what a user writes: before defaults are filled in and durations become numbers. */
export function projectJsonSchema(sections: readonly SectionDefinition[]): Record<string, unknown> {
  const schema = z.toJSONSchema(projectSchema(sections), { io: 'input', unrepresentable: 'any' })
  const properties = { ...schema.properties }
  for (const section of sections) {
    const own = properties[section.name]
    if (typeof own !== 'object') continue
    properties[section.name] = { title: section.name, description: section.summary, ...own }
  }
  return {
    ...schema,
    title: projectFileName,
    description: 'A machine-learning project: its data, pipelines, models, deployments and monitors.',
    properties,
    patternProperties: { [`^${freeKeyPrefix}`]: { description: 'A place for YAML anchors; not read.' } },
  }
}

/** A whole project file made of the sections' examples. */
export function exampleProject(name: string, sections: readonly SectionDefinition[]): string {
  const parts = sections.map((section) => `# ${section.summary}\n${section.example.trim()}\n`)
  return [`${projectJsonSchemaComment}\n\nproject: ${name}\n`, ...parts].join('\n')
}

/**
 * Places in sections where a misspelt field would pass unseen, because a mapping is a `z.object` that drops what it
 * does not know. For a test of the whole program; a good list is empty.
 */
export function lenientPlaces(sections: readonly SectionDefinition[]): string[] {
  const places: string[] = []
  const seen = new Set<unknown>()
  const walk = (schema: z.core.$ZodType, place: string): void => {
    for (const layer of layersOf(schema)) {
      if (seen.has(layer)) continue
      seen.add(layer)
      const { def } = layer._zod
      if (def.type === 'object') {
        if (def.catchall === undefined) places.push(place)
        for (const [name, field] of Object.entries(def.shape)) walk(field, `${place}.${name}`)
      }
      if (def.type === 'record') walk(def.valueType, `${place}.*`)
      if (def.type === 'array') walk(def.element, `${place}[]`)
    }
  }
  for (const section of sections) walk(section.schema, section.name)
  return places
}
