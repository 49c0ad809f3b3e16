export interface SequenceOptions {
  readonly alpha: number
  /** Number of values at which the interval is about the narrowest that it can be. */
  readonly bestAt: number
}

/**
 * Half the width of an asymptotic confidence sequence for a mean, in standard errors: the true mean stays within the mean
 * plus or minus this many standard errors at all times together with a chance that tends to at least 1 - alpha as the first
 * look is taken later. Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
 * confidence sequences", Annals of Statistics 52 (2024), theorem 2.2, tuned as they advise. It holds as well for
 * estimates that are asymptotically a mean of one influence a row, such as the area under a ROC curve.
 */
export function sequentialWidth(values: number, { alpha, bestAt }: SequenceOptions): number {
  const doubled = -2 * Math.log(alpha)
  const scaled = (values * (doubled + Math.log(doubled) + 1)) / bestAt
  return Math.sqrt(((2 * (scaled + 1)) / scaled) * Math.log(Math.sqrt(scaled + 1) / alpha))
}
