import { hash } from 'node:crypto'
import type { CutKernel } from './cut-kernel.ts'
import { cutRule, oneChunkBytes } from './cut-rule.ts'
import type { FileToStore } from './file-store.ts'
import type { TaskChannel } from './file-task.ts'
import { sampleFile, type FileSample } from './sample-file.ts'
import { Slab } from './slab.ts'
import { slabBytes, withKernel } from './slab-kernel.ts'
import { openSource, type SourceFile } from './source-file.ts'

/** From here on a file is a task of its own. */
export const largeBytes = 1024 * 1024

/** One that is left to a task of its own. */
export interface LargeFile extends FileSample {
  readonly index: number
}

/**
 * Reads, cuts and offers small files, many in one slab: a question per file would cost more than the file. Answers which
 * ones are not small.
 */
export function storeSmallFiles(
  { files }: { readonly files: readonly FileToStore[] },
  channel: TaskChannel,
): Promise<readonly LargeFile[]> {
  return withKernel(async (kernel) => {
    const slab = new Slab(kernel.bytes, channel)
    const large: LargeFile[] = []
    let used = 0
    for (const [index, file] of files.entries()) {
      const source = openSource(file)
      try {
        const { sizeBytes } = source
        if (sizeBytes >= largeBytes) {
          large.push({ index, ...sampleFile(source) })
          continue
        }
        if (used + sizeBytes > slabBytes) {
          // The file stays open meanwhile, so that it is the one whose size was seen.
          // oxlint-disable-next-line no-await-in-loop
          await slab.flush()
          used = 0
        }
        addFile(source, { index, kernel, slab, from: used })
        used += sizeBytes
      } finally {
        source.close()
      }
    }
    await slab.flush()
    return large
  })
}

function addFile(
  source: SourceFile,
  {
    index,
    kernel,
    slab,
    from,
  }: { readonly index: number; readonly kernel: CutKernel; readonly slab: Slab; readonly from: number },
): void {
  const { sizeBytes } = source
  const bytes = kernel.bytes.subarray(from, from + sizeBytes)
  source.read(bytes, 0)
  source.requireUnchanged()
  const sha256 = hash('sha256', bytes, 'hex')
  if (sizeBytes <= oneChunkBytes) {
    if (sizeBytes > 0) slab.addChunk(sha256, { from, to: from + sizeBytes, file: source })
    slab.endFile(index, sizeBytes > 0 ? 1 : 0, sha256)
    return
  }
  const before = slab.length
  for (let at = from; at < from + sizeBytes;) {
    const to = kernel.cut(at, Math.min(from + sizeBytes, at + cutRule.maxBytes))
    slab.addChunk(hash('sha256', kernel.bytes.subarray(at, to), 'hex'), { from: at, to, file: source })
    at = to
  }
  slab.endFile(index, slab.length - before, sha256)
}
