export interface BandPoint {
  readonly x: number
  /** Null: not known here, so the line has a gap. */
  readonly value: number | null
  readonly low?: number | null
  readonly high?: number | null
}

export interface BandSeries {
  readonly name: string
  readonly color: string
  readonly points: readonly BandPoint[]
}

export interface Level {
  readonly value: number
  readonly name: string
  readonly kind: 'threshold' | 'guide'
}
