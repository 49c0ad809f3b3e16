import { sections } from '#composition/sections'
import { projectJsonSchema } from '#lifecycle/project/index'
import { code, fenced, generatedPage, table } from './markdown.ts'
import { fieldsOf, type JsonSchema, type SchemaField } from './schema-fields.ts'

export function projectFilePage(): string {
  const { properties = {}, required = [] } = projectJsonSchema(sections) as JsonSchema
  const own = Object.keys(properties).filter((name) => !sections.some((section) => section.name === name))
  return generatedPage('devmlops.yaml', [
    'The one file that makes a folder a project. `devmlops init` writes one, with `devmlops.schema.json` beside it, from',
    'which editors with a YAML language server complete and check.',
    '',
    'In the tables, `NAME` stands for a name that you choose and `[]` for an entry of a list. Fields marked **required** have no',
    'default; of the neighbouring fields marked **one of**, exactly one is written. Durations are written `500ms`, `30s`, `5m`, `2h`, `7d` or `4w`; sizes `512B`, `10MB` or `64MiB`. A value may',
    'use a variable as `${NAME}` or `${NAME:-default}`; `$${` stands for a plain `${`. Top-level keys that start with `x-`',
    'are not read: they are a place for YAML anchors.',
    '',
    '## The project itself',
    '',
    ...fieldTable(
      fieldsOf({
        properties: Object.fromEntries(own.map((name) => [name, properties[name] ?? {}])),
        required,
      }),
    ),
    ...sections.flatMap(({ name, summary, example }) => [
      `## ${name}`,
      '',
      summary,
      '',
      ...fenced('yaml', example),
      ...fieldTable(fieldsOf(properties[name] ?? {})),
    ]),
  ])
}

const presenceWords = { required: '**required**', form: '**one of**' } as const

function fieldTable(fields: readonly SchemaField[]): string[] {
  return table(
    ['Field', 'Type', 'Default', 'Meaning'],
    fields.map(({ path, type, standard, presence, description }) => [
      code(path),
      type,
      presence === 'optional' ? (standard === '' ? '' : code(standard)) : presenceWords[presence],
      description,
    ]),
  )
}
