export {
  binaryMetricNames,
  type CalibrationBin,
  type Comparison,
  comparisonSchema,
  type Curves,
  type Interval,
  intervalSchema,
  metricNamed,
  type MetricName,
  metricNameSchema,
  metricsOfTask,
  type MetricValue,
  metricValueSchema,
  regressionMetricNames,
  type SliceResult,
  type Task,
  taskSchema,
} from './contract.ts'
export { compareIndependent, comparePaired, type ComparisonOptions, type PairedRows } from './comparison.ts'
export { calibrationTable } from './calibration.ts'
export { curvesOf } from './curves.ts'
export { wilsonBounds } from './interval.ts'
export { measure, measureRows } from './measure.ts'
export { type PreparedRows, prepareRows, type ScoredInput, type ScoredRows } from './scored-rows.ts'
