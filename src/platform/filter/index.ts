export { fieldName, numberComparison, refuseOperator, textComparison, toCondition } from './condition.ts'
export { type Comparison, type Filter, type FilterValue, type Operator } from './filter.ts'
export { parseFilter } from './parse-filter.ts'
export { parseOrder, type Order } from './parse-order.ts'
