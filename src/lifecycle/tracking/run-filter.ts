import { sql, type RawBuilder } from 'kysely'
import type { Engine } from '#platform/database/index'
import { numberComparison, textComparison, type Comparison, type Operator } from '#platform/filter/index'
import { runFieldOf, type DatasetField, type TextAttribute, type TimeAttribute } from './run-field.ts'

/** The columns of `runs` behind the attributes. */
export const attributeColumns: Readonly<Record<TextAttribute | TimeAttribute, string>> = {
  run_id: 'id',
  run_name: 'name',
  status: 'status',
  user_id: 'user_name',
  artifact_uri: 'artifact_uri',
  start_time: 'started_at',
  end_time: 'ended_at',
}

const datasetColumns: Readonly<Record<DatasetField, string>> = {
  name: 'd.name',
  digest: 'd.digest',
  context: 'u.context',
}

/**
 * What one comparison means for the row `r` of `runs`. Everything but IS NULL needs the key to be there, so that
 * `params.model != 'tree'` does not find runs without that parameter. A metric counts with its latest point; NaN is
 * unequal to all numbers, and neither less nor greater.
 */
export function compareRun(engine: Engine): (comparison: Comparison) => RawBuilder<boolean> {
  return (comparison) => {
    const field = runFieldOf(comparison, 'filter')
    switch (field.kind) {
      case 'text':
        return textComparison(sql.ref(`r.${attributeColumns[field.key]}`), comparison, engine)
      case 'time':
        return numberComparison(sql.ref(`r.${attributeColumns[field.key]}`), comparison, engine)
      case 'metric': {
        const value = numberComparison(sql.ref('m.value'), comparison, engine)
        return presence(
          sql`latest_metrics m where m.run_number = r.number
            and m.key_id = (select k.id from metric_keys k where k.key = ${field.key})`,
          comparison.operator,
          isNegative(comparison.operator) ? sql`(m.is_nan = 1 or ${value})` : sql`m.is_nan = 0 and ${value}`,
        )
      }
      case 'dataset':
        return presence(
          sql`run_datasets u join input_datasets d on d.number = u.dataset_number where u.run_number = r.number
            and ${sql.ref(datasetColumns[field.key])} is not null`,
          comparison.operator,
          textComparison(sql.ref(datasetColumns[field.key]), comparison, engine),
        )
      default: {
        const table = sql.table(field.kind === 'param' ? 'run_params' : 'run_tags')
        return presence(
          sql`${table} t where t.run_number = r.number and t.key = ${field.key}`,
          comparison.operator,
          textComparison(sql.ref('t.value'), comparison, engine),
        )
      }
    }
  }
}

/** Whether there is such a row (for IS NULL: whether there is none) that meets the condition. */
function presence(
  rows: RawBuilder<unknown>,
  operator: Operator,
  condition: RawBuilder<unknown>,
): RawBuilder<boolean> {
  if (operator === 'IS NULL') return sql<boolean>`not exists (select 1 from ${rows})`
  if (operator === 'IS NOT NULL') return sql<boolean>`exists (select 1 from ${rows})`
  return sql<boolean>`exists (select 1 from ${rows} and ${condition})`
}

function isNegative(operator: Operator): boolean {
  return operator === '!=' || operator === 'NOT IN'
}
