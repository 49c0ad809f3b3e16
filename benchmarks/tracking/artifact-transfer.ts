import { request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const chunk = Buffer.alloc(1 << 20, 'some bytes of an artifact, which do not compress to nothing: 0123456789')

/** Sends an artifact of so many MB through the server's proxy; answers how many milliseconds that took. */
export async function upload(url: string, sizeMb: number): Promise<number> {
  const startedAt = performance.now()
  await new Promise<void>((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream', 'content-length': sizeMb * chunk.length },
      },
      (response) => {
        response.resume()
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`PUT ${url}: ${response.statusCode}`)),
        )
      },
    )
    sent.on('error', reject)
    pipeline(Readable.from(chunks(sizeMb), { objectMode: false, highWaterMark: 1 << 20 }), sent).catch(reject)
  })
  return performance.now() - startedAt
}

/** Fetches it; answers how many milliseconds that took. */
export async function download(url: string, sizeMb: number): Promise<number> {
  const startedAt = performance.now()
  const received = await new Promise<number>((resolve, reject) => {
    request(url, (response) => {
      let length = 0
      response.on('data', (data: Buffer) => (length += data.length))
      response.on('end', () => resolve(length))
      response.on('error', reject)
    })
      .on('error', reject)
      .end()
  })
  if (received !== sizeMb * chunk.length) throw new Error(`GET ${url}: ${received} bytes`)
  return performance.now() - startedAt
}

function* chunks(sizeMb: number): Generator<Buffer> {
  for (let sent = 0; sent < sizeMb; sent += 1) {
    // Each differs, so that nobody can save the same megabyte a thousand times.
    chunk.writeUInt32LE(sent, 0)
    yield Buffer.from(chunk)
  }
}
