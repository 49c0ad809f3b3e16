/**
 * Work that runs in a thread, or here when there is little of it. It may ask whoever started it, and waits for the answer:
 * what is stored already is known there. Values are copied between threads; typed arrays that own their memory are
 * handed over.
 */
export type FileTask<Input, Output> = (input: Input, channel: TaskChannel) => Promise<Output>

export interface TaskChannel {
  readonly signal: AbortSignal
  ask(question: unknown): Promise<unknown>
}

export type Answering = (question: never) => unknown

/** Memory that a message owns whole, directly in it. */
export function ownedBuffers(message: unknown): ArrayBuffer[] {
  if (typeof message !== 'object' || message === null) return []
  const values = ArrayBuffer.isView(message) ? [message] : Object.values(message)
  const buffers = values.flatMap((value: unknown) =>
    ArrayBuffer.isView(value) &&
    value.buffer instanceof ArrayBuffer &&
    value.byteLength === value.buffer.byteLength
      ? [value.buffer]
      : [],
  )
  return [...new Set(buffers)]
}
