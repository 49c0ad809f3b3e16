import { z } from 'zod'
import { trainers } from '#adapters/trainers/index'
import { code, generatedPage, table } from './markdown.ts'
import { fieldsOf, type JsonSchema } from './schema-fields.ts'

export function trainersPage(): string {
  return generatedPage('Trainers', [
    'What a candidate of a `train` step may name, and its parameters. See [training](../../guides/training.md).',
    '',
    ...trainers.flatMap(({ name, summary, tasks, parameters, foreignNames = {} }) => {
      const fields = fieldsOf(z.toJSONSchema(parameters, { io: 'input' }) as JsonSchema)
      const elsewhere = (field: string): string =>
        Object.entries(foreignNames)
          .filter(([, own]) => own === field)
          .map(([other]) => code(other))
          .join(', ')
      return [
        `## ${name}`,
        '',
        `${summary}. Tasks: ${tasks.join(', ')}.`,
        '',
        ...(fields.length === 0 ? ['It has no parameters.', ''] : []),
        ...table(
          ['Parameter', 'Type', 'Default', 'Meaning', 'Elsewhere called'],
          fields.map(({ path, type, standard, description }) => [
            code(path),
            type,
            code(standard),
            description,
            elsewhere(path),
          ]),
        ),
      ]
    }),
  ])
}
