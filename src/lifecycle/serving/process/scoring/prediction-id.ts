import { randomFillSync } from 'node:crypto'
import type { Clock } from '#platform/clock'

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const bytesPerId = 10
const idsPerFill = 512

/** Makes UUIDv7 (RFC 9562, section 5.7), which sort by time. Random bytes are drawn in bulk: one call per id is slow. */
export function predictionIds(clock: Clock): () => string {
  const pool = new Uint8Array(bytesPerId * idsPerFill)
  let position = pool.length
  return () => {
    if (position === pool.length) {
      randomFillSync(pool)
      position = 0
    }
    const time = clock.now().toString(16).padStart(12, '0')
    const at = (index: number): number => pool[position + index] as number
    const version = hex[0x70 | (at(0) & 0x0f)] as string
    const variant = hex[0x80 | (at(2) & 0x3f)] as string
    let tail = ''
    for (let index = 4; index < bytesPerId; index++) tail += hex[at(index)] as string
    const id = `${time.slice(0, 8)}-${time.slice(8, 12)}-${version}${hex[at(1)] ?? ''}-${variant}${hex[at(3)] ?? ''}-${tail}`
    position += bytesPerId
    return id
  }
}
