export {
  fieldName,
  numberComparison,
  numberOperators,
  refuseOperator,
  textComparison,
  textOperators,
  toCondition,
} from './condition.ts'
export { filterLimits, type Comparison, type Filter, type FilterValue, type Operator } from './filter.ts'
export { parseFilter } from './parse-filter.ts'
export { parseOrder, type Order } from './parse-order.ts'
