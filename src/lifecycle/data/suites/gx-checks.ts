import { quoteName } from '#platform/tables/index'
import {
  countLimits,
  limits,
  listOf,
  matchOn,
  pairIgnore,
  partitionOf,
  rowIgnore,
  valuesOf,
  type Arguments,
} from './gx-arguments.ts'
import { given, noCounterpart, portablePattern, typeNamed, type Expectation } from './imported-suite.ts'

/** What each expectation of Great Expectations (1.x core, and those of 0.18 that are gone) is here. */
export const gxChecks: Readonly<Record<string, (args: Arguments) => Expectation>> = {
  expect_column_values_to_not_be_null: ({ column }) => ({ not_null: column }),
  expect_column_values_to_be_null: ({ column }) => ({ is_null: column }),
  expect_column_values_to_be_unique: ({ column }) => ({ unique: column }),
  expect_column_values_to_be_between: (args) => ({ between: { column: args['column'], ...limits(args) } }),
  expect_column_values_to_be_in_set: ({ column, value_set }) =>
    value_set === null || value_set === undefined
      ? { in_set: { column, values: null } }
      : { in_set: { column, values: valuesOf(value_set) } },
  expect_column_values_to_not_be_in_set: ({ column, value_set }) => ({
    not_in_set: { column, values: valuesOf(value_set) },
  }),
  expect_column_values_to_be_of_type: ({ column, type_ }) => ({
    has_type: { column, type: typeNamed(type_) },
  }),
  expect_column_type_to_be: ({ column, type_ }) => ({ has_type: { column, type: typeNamed(type_) } }),
  expect_column_values_to_be_in_type_list: ({ column, type_list }) => ({
    has_type: { column, type: [...new Set(listOf(type_list, 'types').map(typeNamed))] },
  }),
  expect_column_values_to_match_regex: ({ column, regex }) => ({
    matches: { column, pattern: portablePattern(regex) },
  }),
  expect_column_values_to_not_match_regex: ({ column, regex }) => ({
    not_matches: { column, pattern: portablePattern(regex) },
  }),
  expect_column_values_to_match_regex_list: ({ column, regex_list, match_on }) => ({
    matches: { column, patterns: listOf(regex_list, 'patterns').map(portablePattern), ...matchOn(match_on) },
  }),
  expect_column_values_to_not_match_regex_list: ({ column, regex_list }) => ({
    not_matches: { column, patterns: listOf(regex_list, 'patterns').map(portablePattern) },
  }),
  expect_column_values_to_match_like_pattern: ({ column, like_pattern, escape }) => ({
    like: given({ column, pattern: like_pattern, escape }),
  }),
  expect_column_values_to_not_match_like_pattern: ({ column, like_pattern, escape }) => ({
    not_like: given({ column, pattern: like_pattern, escape }),
  }),
  expect_column_values_to_match_like_pattern_list: ({ column, like_pattern_list, match_on, escape }) => ({
    like: given({ column, patterns: listOf(like_pattern_list, 'patterns'), ...matchOn(match_on), escape }),
  }),
  expect_column_values_to_not_match_like_pattern_list: ({ column, like_pattern_list, escape }) => ({
    not_like: given({ column, patterns: listOf(like_pattern_list, 'patterns'), escape }),
  }),
  expect_column_values_to_match_strftime_format: ({ column, strftime_format }) => ({
    date_format: { column, format: strftime_format },
  }),
  expect_column_values_to_be_dateutil_parseable: ({ column }) => ({ date_parseable: column }),
  expect_column_values_to_be_json_parseable: ({ column }) => ({ json_parseable: column }),
  expect_column_values_to_match_json_schema: ({ column, json_schema }) => ({
    json_schema: { column, schema: json_schema },
  }),
  expect_column_value_lengths_to_equal: ({ column, value }) => ({ length: { column, equals: value } }),
  expect_column_value_lengths_to_be_between: (args) => ({
    length: { column: args['column'], ...countLimits(args) },
  }),
  expect_column_value_z_scores_to_be_less_than: ({ column, threshold, double_sided }) => ({
    z_score: { column, below: threshold, sides: double_sided === true ? 'both' : 'upper' },
  }),
  expect_column_values_to_be_increasing: () => noCounterpart(noOrder('increasing')),
  expect_column_values_to_be_decreasing: () => noCounterpart(noOrder('decreasing')),
  expect_column_values_to_not_be_outliers: ({ column, method = 'iqr', multiplier = 1.5 }) => {
    if (method !== 'iqr')
      return noCounterpart(`there is no outlier check by ${String(method)}; z_score is near`)
    const name = quoteName(String(column))
    const from = `arrival, (SELECT quantile_cont(${name}, 0.25) AS q1, quantile_cont(${name}, 0.75) AS q3 FROM arrival)`
    const margin = `${String(multiplier)} * (q3 - q1)`
    return {
      sql: {
        query: `SELECT arrival.* FROM ${from} WHERE ${name} < q1 - ${margin} OR ${name} > q3 + ${margin}`,
        rows_tested: `SELECT count(${name}) FROM arrival`,
      },
    }
  },

  expect_column_min_to_be_between: (args) => ({ min: { column: args['column'], ...limits(args) } }),
  expect_column_max_to_be_between: (args) => ({ max: { column: args['column'], ...limits(args) } }),
  expect_column_mean_to_be_between: (args) => ({ mean: { column: args['column'], ...limits(args) } }),
  expect_column_median_to_be_between: (args) => ({ median: { column: args['column'], ...limits(args) } }),
  expect_column_sum_to_be_between: (args) => ({ sum: { column: args['column'], ...limits(args) } }),
  expect_column_stdev_to_be_between: (args) => ({ stdev: { column: args['column'], ...limits(args) } }),
  expect_column_quantile_values_to_be_between: ({
    column,
    quantile_ranges,
    allow_relative_error = false,
  }) => {
    const { quantiles = [], value_ranges = [] } = (quantile_ranges ?? {}) as {
      quantiles?: readonly number[]
      value_ranges?: readonly (readonly [number | null, number | null])[]
    }
    const ranges = quantiles.map((quantile, at) => {
      const [minimum, maximum] = value_ranges[at] ?? [null, null]
      return { quantile, ...given({ minimum, maximum }) }
    })
    // Pandas is asked for the nearest value unless it is told otherwise.
    const interpolation = typeof allow_relative_error === 'string' ? allow_relative_error : 'nearest'
    return { quantiles: { column, ranges, interpolation } }
  },
  expect_column_unique_value_count_to_be_between: (args) => ({
    distinct_count: { column: args['column'], ...countLimits(args) },
  }),
  expect_column_proportion_of_unique_values_to_be_between: (args) => ({
    unique_proportion: { column: args['column'], ...limits(args) },
  }),
  expect_column_proportion_of_non_null_values_to_be_between: (args) => {
    const name = quoteName(String(args['column']))
    return { sql_value: { query: `SELECT count(${name}) / count(*) FROM arrival`, ...limits(args) } }
  },
  expect_column_distinct_values_to_be_in_set: set('distinct_in_set'),
  expect_column_distinct_values_to_equal_set: set('distinct_equals_set'),
  expect_column_distinct_values_to_contain_set: set('distinct_contains_set'),
  expect_column_most_common_value_to_be_in_set: ({ column, value_set, ties_okay }) => ({
    most_common_in_set: given({ column, values: valuesOf(value_set), ties_okay }),
  }),
  expect_column_kl_divergence_to_be_less_than: (args) => ({
    kl_divergence: {
      ...given({
        column: args['column'],
        partition: partitionOf(args['partition_object']),
        tail_weight_holdout: args['tail_weight_holdout'],
        internal_weight_holdout: args['internal_weight_holdout'],
      }),
      at_most: args['threshold'] ?? null,
    },
  }),
  expect_column_chisquare_test_p_value_to_be_greater_than: (args) => ({
    chi_square_test: given({
      column: args['column'],
      partition: partitionOf(args['partition_object']),
      p_value: args['p'],
      tail_weight_holdout: args['tail_weight_holdout'],
    }),
  }),
  expect_column_bootstrapped_ks_test_p_value_to_be_greater_than: (args) => ({
    bootstrapped_ks_test: given({
      column: args['column'],
      partition: partitionOf(args['partition_object']),
      p_value: args['p'],
      samples: args['bootstrap_samples'],
      sample_size: args['bootstrap_sample_size'],
    }),
  }),
  expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than: (args) => {
    const { params } = args
    if (Array.isArray(params))
      return noCounterpart('its parameters are a list; name them, such as mean and std_dev')
    return {
      ks_test: given({
        column: args['column'],
        distribution: args['distribution'],
        parameters: params,
        p_value: args['p_value'],
      }),
    }
  },
  expect_column_pair_cramers_phi_value_to_be_less_than: ({
    column_A,
    column_B,
    threshold,
    bins_A,
    bins_B,
  }) => {
    if (bins_A !== undefined || bins_B !== undefined)
      return noCounterpart('its bins have a form of their own')
    return { cramers_phi: given({ columns: [column_A, column_B], at_most: threshold }) }
  },

  expect_column_pair_values_a_to_be_greater_than_b: ({ column_A, column_B, or_equal, ignore_row_if }) => ({
    greater_than: given({ column: column_A, other: column_B, or_equal, ignore: pairIgnore(ignore_row_if) }),
  }),
  expect_column_pair_values_to_be_equal: ({ column_A, column_B, ignore_row_if }) => ({
    equal_columns: { columns: [column_A, column_B], ignore: pairIgnore(ignore_row_if) },
  }),
  expect_column_pair_values_to_be_in_set: ({ column_A, column_B, value_pairs_set, ignore_row_if }) => ({
    pair_in_set: {
      columns: [column_A, column_B],
      values: listOf(value_pairs_set, 'pairs'),
      ignore: pairIgnore(ignore_row_if),
    },
  }),
  expect_compound_columns_to_be_unique: ({ column_list, ignore_row_if }) => ({
    unique: { columns: listOf(column_list, 'columns'), ignore: rowIgnore(ignore_row_if) },
  }),
  expect_multicolumn_values_to_be_unique: uniqueWithin,
  expect_select_column_values_to_be_unique_within_record: uniqueWithin,
  expect_multicolumn_sum_to_equal: ({ column_list, sum_total, ignore_row_if }) => ({
    sum_equals: {
      columns: listOf(column_list, 'columns'),
      total: sum_total,
      ignore: rowIgnore(ignore_row_if),
    },
  }),
  expect_multicolumn_values_to_be_equal: ({ column_list, ignore_row_if }) => {
    const columns = listOf(column_list, 'columns').map((name) => quoteName(String(name)))
    const differ = columns.slice(1).map((name) => `${columns[0]} IS DISTINCT FROM ${name}`)
    return rowsThat(differ.join(' OR '), columns, rowIgnore(ignore_row_if))
  },

  expect_column_to_exist: ({ column, column_index }) => ({
    column_exists: typeof column_index === 'number' ? { column, position: column_index + 1 } : column,
  }),
  expect_table_columns_to_match_ordered_list: ({ column_list }) => ({
    columns_in_order: listOf(column_list, 'columns'),
  }),
  expect_table_columns_to_match_set: ({ column_set, exact_match }) => ({
    columns_in_set: {
      columns: listOf(column_set, 'columns'),
      match: exact_match === false ? 'contains' : 'exact',
    },
  }),
  expect_table_column_count_to_equal: ({ value }) => ({ column_count: { equals: value } }),
  expect_table_column_count_to_be_between: (args) => ({ column_count: countLimits(args) }),
  expect_table_row_count_to_equal: ({ value }) => ({ row_count: { equals: value } }),
  expect_table_row_count_to_be_between: (args) => ({ row_count: countLimits(args) }),
  expect_table_row_count_to_equal_other_table: ({ other_table_name }) => ({
    row_count_equals: other_table_name,
  }),
  unexpected_rows_expectation: ({ unexpected_rows_query }) => ({
    sql: String(unexpected_rows_query).replaceAll('{batch}', 'arrival').trim(),
  }),
  expect_query_results_to_match_comparison: () =>
    noCounterpart(
      'it compares with another data source; bring its rows in as a dataset, and use references or sql',
    ),
}

function noOrder(kind: string): string {
  return `a table has no order by itself; write ${kind} with order_by`
}

function set(kind: string) {
  return ({ column, value_set }: Arguments): Expectation => ({
    [kind]: { column, values: valuesOf(value_set) },
  })
}

function uniqueWithin({ column_list, ignore_row_if }: Arguments): Expectation {
  const names = listOf(column_list, 'columns')
  const ignore = rowIgnore(ignore_row_if)
  if (ignore !== 'never') return { unique_within_row: { columns: names, ignore } }
  // There two missing values are the same value.
  const columns = names.map((name) => quoteName(String(name)))
  const same = columns.flatMap((name, at) =>
    columns.slice(at + 1).map((other) => `${name} IS NOT DISTINCT FROM ${other}`),
  )
  return rowsThat(same.join(' OR '), columns, ignore)
}

function rowsThat(
  condition: string,
  columns: readonly string[],
  ignore: ReturnType<typeof rowIgnore>,
): Expectation {
  const present = columns.map((name) => `${name} IS NOT NULL`)
  const considered =
    ignore === 'never' ? 'true' : `(${present.join(ignore === 'all_missing' ? ' OR ' : ' AND ')})`
  return {
    sql: {
      query: `SELECT * FROM arrival WHERE ${considered} AND (${condition})`,
      rows_tested: `SELECT count(*) FROM arrival WHERE ${considered}`,
    },
  }
}
