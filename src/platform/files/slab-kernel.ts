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

/** Slabs are read to here: at the beginning of a page, with room before it for what is left of the one before. */
const slabStart = cutRule.maxBytes

/**
 * Cuts a file slab by slab. Each step yields where the chunks in the kernel's memory begin, and where the last one ends. What
 * is left of a slab goes before the next, since its next cut may lie there.
 */
export async function* cutSlabs(
  kernel: CutKernel,
  sizeBytes: number,
  read: (target: Uint8Array, position: number) => Promise<void> | void,
): AsyncIterable<readonly number[]> {
  let start = slabStart
  for (let position = 0; position < sizeBytes;) {
    const length = Math.min(slabBytes, sizeBytes - position)
    const end = slabStart + length
    await read(kernel.bytes.subarray(slabStart, end), position)
    position += length
    // A cut is certain when the longest chunk would fit.
    const last = position === sizeBytes ? end : end - cutRule.maxBytes + 1
    const cuts = [start]
    for (let at = start; at < last;) cuts.push((at = kernel.cut(at, Math.min(end, at + cutRule.maxBytes))))
    if (cuts.length > 1) yield cuts
    await takeTurns()
    const from = cuts.at(-1) ?? start
    start = slabStart - (end - from)
    kernel.bytes.copyWithin(start, from, end)
  }
}
