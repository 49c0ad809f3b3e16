import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A folder like MNIST's: ten classes, files of 60 to 490 bytes that do not compress. Answers its bytes. */
export function makeManyFiles(folder: string, count: number): number {
  let bytes = 0
  for (let index = 0; index < count; index++) {
    const directory = join(folder, String(index % 10))
    if (index < 10) mkdirSync(directory, { recursive: true })
    const seed = createHash('sha512').update(String(index)).digest()
    const content = Buffer.concat(
      Array.from({ length: 8 }, (_, part) => createHash('sha512').update(seed).update(String(part)).digest()),
    )
    const size = 60 + (seed.readUInt32LE(0) % 431)
    writeFileSync(join(directory, `${index}.png`), content.subarray(0, size))
    bytes += size
  }
  return bytes
}
