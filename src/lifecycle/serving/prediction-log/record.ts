/** One prediction as a line of the log. Names are those of the file, which other programs read. */
export interface PredictionRecord {
  /** Given by the client or a UUIDv7. Two lines with one id are one prediction sent twice: the first counts. */
  readonly id: string
  readonly request_id: string
  /** When it was made, epoch milliseconds. */
  readonly time: number
  /** When what it is about happened, by the client, epoch milliseconds. */
  readonly event_time?: number
  readonly deployment: string
  readonly variant: string
  readonly model: string
  readonly version: number
  /** What the variant was chosen by, where the client gave one. */
  readonly key?: string
  readonly inputs: Readonly<Record<string, LoggedValue | readonly LoggedValue[]>>
  readonly outputs: Readonly<Record<string, LoggedValue | readonly LoggedValue[]>>
  readonly latency_ms: number
  readonly caller?: string
  /** From the W3C `traceparent` header. */
  readonly trace_id?: string
  /** How many predictions it stands for, where the log keeps a sample: one over the chance of being kept. */
  readonly weight?: number
}

/** null is a missing input, or an output that is not a finite number. */
export type LoggedValue = string | number | boolean | null
