/** A point as it is stored: databases disagree about NaN, so it is 0 with a flag, as in MLflow. */
export interface StoredPoint {
  readonly value: number
  readonly is_nan: number
  readonly timestamp: number
  readonly step: number
}

/** What ±Infinity is stored as, and what it comes back as: the largest double. */
const largest = Number.MAX_VALUE

export function toStored({
  value,
  timestamp,
  step,
}: {
  value: number
  timestamp: number
  step: number
}): StoredPoint {
  if (Number.isNaN(value)) return { value: 0, is_nan: 1, timestamp, step }
  // Adding 0 turns -0 into 0, so that both engines see one value.
  return { value: Math.min(largest, Math.max(-largest, value)) + 0, is_nan: 0, timestamp, step }
}

export function fromStored({ value, is_nan }: Pick<StoredPoint, 'value' | 'is_nan'>): number {
  return is_nan === 1 ? Number.NaN : value
}

/**
 * Whether `left` is later than `right`: by step, then timestamp, then stored value. The latest metric of a run is the
 * greatest point in this order, whichever was written last (MLflow's `_update_latest_metric_if_necessary`).
 */
export function isLater(left: StoredPoint, right: StoredPoint): boolean {
  if (left.step !== right.step) return left.step > right.step
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp
  return left.value > right.value
}
