import { setImmediate as takeTurns } from 'node:timers/promises'
import { createCutKernel, type CutKernel } from './cut-kernel.ts'
import { cutRule } from './cut-rule.ts'

/** What is read, cut and offered at once; a question per so many bytes costs nothing. */
export const slabBytes = 4 * 1024 * 1024

const spare: CutKernel[] = []

/** Kernels of a thread are used again: each has a few megabytes of memory. */
export async function withKernel<T>(work: (kernel: CutKernel) => Promise<T>): Promise<T> {
  const kernel = spare.pop() ?? createCutKernel(slabBytes + cutRule.maxBytes)
  try {
    return await work(kernel)
  } finally {
    spare.push(kernel)
  }
}

/**
 * Cuts a file slab by slab. Each step yields where the chunks in the kernel's memory begin, and where the last one ends. What
 * is left of a slab is the beginning of the next, since its next cut may lie there.
 */
export async function* cutSlabs(
  kernel: CutKernel,
  sizeBytes: number,
  read: (target: Uint8Array, position: number) => Promise<void> | void,
): AsyncIterable<readonly number[]> {
  let rest = 0
  for (let position = 0; position < sizeBytes;) {
    const length = Math.min(slabBytes, sizeBytes - position)
    await read(kernel.bytes.subarray(rest, rest + length), position)
    position += length
    const end = rest + length
    // A cut is certain when the longest chunk would fit.
    const last = position === sizeBytes ? end : end - cutRule.maxBytes + 1
    const cuts = [0]
    for (let at = 0; at < last;) cuts.push((at = kernel.cut(at, Math.min(end, at + cutRule.maxBytes))))
    if (cuts.length > 1) yield cuts
    await takeTurns()
    const from = cuts.at(-1) ?? 0
    kernel.bytes.copyWithin(0, from, end)
    rest = end - from
  }
}
