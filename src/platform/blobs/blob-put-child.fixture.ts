import { fileBlobStore } from './index.ts'

/** A process that puts a blob without an end, and says when it is in the middle of it. */
async function* endless(): AsyncIterable<Uint8Array> {
  for (let count = 0; ; count++) {
    yield new Uint8Array(100_000)
    if (count === 3) process.stdout.write('writing')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

await fileBlobStore(process.argv[2] ?? '').put(endless())
