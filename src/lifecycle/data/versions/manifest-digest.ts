import { digestOf, type Digest } from '#platform/blobs/index'
import type { Manifest, Reading } from './snapshot.ts'

/**
 * The same bytes, read the same way, as the same columns have the same digest, wherever and whenever they were added.
 */
export function manifestDigest({ columns, parts }: Manifest): Digest {
  const canonical = {
    columns: columns.map(({ name, type, sqlType }) => [name, type, sqlType]),
    parts: parts.map(({ digest, reading }) => [digest, canonicalReading(reading)]),
  }
  return digestOf(new TextEncoder().encode(JSON.stringify(canonical)))
}

export function sameReading(left: Reading, right: Reading): boolean {
  return JSON.stringify(canonicalReading(left)) === JSON.stringify(canonicalReading(right))
}

/** Fields in a fixed order: a manifest read back from the store must not differ from the one that was written. */
function canonicalReading(reading: Reading): unknown {
  if (reading.format === 'parquet') return ['parquet']
  if (reading.format === 'json') {
    return ['json', reading.layout, reading.compressed, reading.columns]
  }
  const { delimiter, nulls, strict, compressed, columns } = reading
  return ['csv', delimiter, nulls, strict, compressed, columns]
}
