import { writeValueFile, type StoredValues, type ValueFileHeader } from './online/value-file.ts'

/** Values as if a view had been materialized, for tests of whoever looks them up. */
export async function writeValues(
  path: string,
  {
    entries,
    ...header
  }: Omit<ValueFileHeader, 'slots' | 'keys' | 'watermark'> & { readonly entries: readonly StoredValues[] },
): Promise<void> {
  await writeValueFile(path, { ...header, watermark: Date.now(), keys: entries.length }, entries)
}
