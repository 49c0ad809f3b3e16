import type { ParsedModel } from '../compiled/index.ts'

/**
 * Sums what columns of the matrix got back to the fields of the signature: all columns of one category go to its field, and
 * what a column computed from several fields got is split evenly between them, as none of them alone has earned it.
 */
export interface RawColumns {
  /** @param into `fields` numbers from `start` on @returns what columns that depend on no field got */
  sum(values: Float64Array, into: Float64Array, start: number): number
}

export function rawColumns({ columns, inputs }: ParsedModel): RawColumns {
  const fields = columns.map((column) => column.inputs.map((input) => inputs[input]?.field ?? 0))
  return {
    sum: (values, into, start) => {
      let unowned = 0
      for (let column = 0; column < fields.length; column++) {
        const owners = fields[column] as readonly number[]
        const value = values[column] as number
        if (owners.length === 0) unowned += value
        for (const field of owners)
          into[start + field] = (into[start + field] as number) + value / owners.length
      }
      return unowned
    },
  }
}
