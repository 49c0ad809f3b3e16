import { formatDuration } from '#contract/units'
import { originOf, type FeatureConfig } from '../feature-contract.ts'

/** What a feature is made of, in a line: `mean of amount over 7d, median for missing`. */
export function describeFeature(feature: FeatureConfig): string {
  const { part, impute, log, bucket, scale, encode } = feature
  const steps = [
    originText(feature),
    part === undefined ? '' : `its ${part.replaceAll('_', ' ')}${feature.cyclic ? ' on a circle' : ''}`,
    impute === undefined
      ? ''
      : `${typeof impute === 'string' ? impute.replace('_', ' ') : JSON.stringify(impute.value)} for missing`,
    log === undefined ? '' : log === true ? 'logarithm' : `logarithm of it plus ${log.plus}`,
    bucket === undefined ? '' : bucketText(bucket),
    scale === undefined ? '' : scale === 'standard' ? 'standardised' : 'scaled to 0 … 1',
    encode === undefined
      ? ''
      : `as ${typeof encode === 'string' ? encode.replace('_', '-') : Object.keys(encode)[0]?.replace('_', '-')}`,
  ]
  return steps.filter((step) => step !== '').join(', ')
}

function originText(feature: FeatureConfig): string {
  const { ratio, difference, over = 0 } = feature
  switch (originOf(feature)) {
    case 'column':
      return feature.column ?? ''
    case 'ratio':
      return (ratio ?? []).join(' / ')
    case 'difference':
      return (difference ?? []).join(' - ')
    case 'sql':
      return feature.sql ?? ''
    case 'aggregate':
      return `${feature.aggregate}${feature.of === undefined ? '' : ` of ${feature.of}`} over ${formatDuration(over)}`
    case 'lag':
      return `${feature.lag}, ${feature.by === 1 ? 'the row before' : `${feature.by} rows before`}`
  }
}

function bucketText(bucket: NonNullable<FeatureConfig['bucket']>): string {
  if (Array.isArray(bucket)) return `in ${bucket.length + 1} buckets`
  return 'quantiles' in bucket
    ? `in ${bucket.quantiles} buckets of equal rows`
    : `in ${bucket.equal_width} equal buckets`
}
