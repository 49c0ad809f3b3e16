import type { ScoredVariantRows } from '../scoring/predict-rows.ts'
import { outputText } from './output-text.ts'

/**
 * A model that MLflow could load is answered as MLflow's server would. Of our own, one output is a list of values, several
 * a list of objects.
 */
export function predictionsText({ variant, scored }: ScoredVariantRows): string {
  const { outputs } = variant.plan.signature
  const answer = variant.model.facts.answer ?? {
    form: outputs.length === 1 ? 'values' : 'records',
    columns: outputs.map(({ name }) => [name, name] as const),
  }
  const columns = answer.columns.map(([shown, name]) => {
    const index = outputs.findIndex((output) => output.name === name)
    const { type } = outputs[index] as (typeof outputs)[number]
    const column = scored.outputs[index] as (typeof scored.outputs)[number]
    const valueAt = (row: number): string => outputText(column, type, scored.offset + row)
    return { prefix: `${JSON.stringify(shown)}:`, valueAt }
  })
  const rowsOf = (text: (row: number) => string): string =>
    `[${Array.from({ length: scored.rows }, (_, row) => text(row)).join(',')}]`
  switch (answer.form) {
    case 'values':
      return `{"predictions":${rowsOf((row) => columns[0]?.valueAt(row) ?? 'null')}}`
    case 'columns':
      return `{"predictions":{${columns.map(({ prefix, valueAt }) => prefix + rowsOf(valueAt)).join(',')}}}`
    case 'records':
      return `{"predictions":${rowsOf((row) => `{${columns.map(({ prefix, valueAt }) => prefix + valueAt(row)).join(',')}}`)}}`
  }
}
