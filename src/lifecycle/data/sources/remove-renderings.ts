import { rm } from 'node:fs/promises'
import type { ArrivingFile } from './arriving-file.ts'

/** Removes what files were turned into; the files of the user stay. */
export async function removeRenderings(files: readonly ArrivingFile[]): Promise<void> {
  for (const { path, originals } of files) if (originals !== undefined) await rm(path, { force: true })
}
