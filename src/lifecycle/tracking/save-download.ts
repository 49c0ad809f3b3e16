import { open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'

/** Writes the bytes beside the file and names them when they are all there, so that a broken download leaves nothing. */
export async function saveDownload(
  body: ReadableStream<Uint8Array> | Uint8Array,
  { directory, file }: { readonly directory: string; readonly file: string },
): Promise<{ path: string; sizeBytes: number }> {
  const path = resolve(directory, file)
  const partial = `${path}.part`
  const handle = await open(partial, 'w')
  let sizeBytes = 0
  try {
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      await handle.writeFile(chunk)
      sizeBytes += chunk.byteLength
    }
    await handle.close()
    await rename(partial, path)
    return { path, sizeBytes }
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(partial, { force: true })
    throw error
  }
}
