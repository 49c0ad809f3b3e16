import { fail } from '#contract/errors'
import { readYaml } from '../../project/index.ts'
import { importGreatExpectations, isGreatExpectations } from './great-expectations.ts'
import type { ImportedSuite } from './imported-suite.ts'
import { importJsonSchema, isJsonSchema } from './json-schema.ts'
import { importPandera, isPandera } from './pandera.ts'

/**
 * Reads a suite of Great Expectations, a schema of Pandera or a JSON Schema, whichever it is.
 * @throws unreadable_data when the text is neither JSON nor YAML, or none of the three.
 */
export function importSuite(text: string, name: string): ImportedSuite {
  const document = readYaml(text, name)
  if (isGreatExpectations(document)) return importGreatExpectations(document)
  if (isPandera(document)) return importPandera(document)
  if (isJsonSchema(document)) return importJsonSchema(document)
  return fail(
    'unreadable_data',
    `${name} is no suite of Great Expectations, no schema of Pandera and no JSON Schema of an object.`,
    {
      hint: 'A suite has `expectations`, a Pandera schema `schema_type` and `columns`, a JSON Schema `properties`.',
      at: name,
    },
  )
}
