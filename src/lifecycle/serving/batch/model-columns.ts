import { fail } from '#contract/errors'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { nearestName } from '#platform/nearest-name'
import { isTimeType, type WantedColumn } from '#platform/tables/index'

export interface TableColumn {
  readonly name: string
  readonly type: string
}

/** A field of the signature and the column of the table that it is read from; undefined: the table does not have it. */
export interface FieldColumn {
  readonly name: string
  readonly type: ModelSignature['inputs'][number]['type']
  readonly required: boolean
  readonly wanted: WantedColumn | undefined
}

const textTypes = /^(VARCHAR|ENUM|UUID)/
const numberTypes = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL|BOOLEAN)/

/**
 * Holds the signature of a model against the columns of a table, before any row is read.
 *
 * @throws invalid_input that names the first column that is missing or of another kind
 */
export function modelColumns(
  label: string,
  { inputs }: ModelSignature,
  columns: readonly TableColumn[],
): FieldColumn[] {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  return inputs.map(({ name, type, required, shape }) => {
    if (shape !== undefined) {
      fail(
        'invalid_input',
        `${label} takes a tensor in "${name}", and a column of a table has one value a row.`,
      )
    }
    const found = types.get(name)
    if (found === undefined) {
      if (!required) return { name, type, required, wanted: undefined }
      const nearest = nearestName(name, [...types.keys()])
      return fail('invalid_input', `${label} needs the column "${name}", which the rows do not have.`, {
        at: name,
        hint:
          nearest === undefined
            ? `They have ${[...types.keys()].join(', ')}.`
            : `Did you mean "${nearest}"? Rename it with a query.`,
      })
    }
    const as = type === 'string' ? 'text' : type === 'datetime' && isTimeType(found) ? 'time' : 'number'
    const fits = as === 'time' || (as === 'text' ? textTypes : numberTypes).test(found)
    if (!fits) {
      fail('invalid_input', `${label} takes "${name}" as ${type}, and the rows have it as ${found}.`, {
        at: name,
        hint: 'Cast it with a query.',
      })
    }
    return { name, type, required, wanted: { name, as } }
  })
}
