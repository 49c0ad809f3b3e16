import { isIPv4, isIPv6 } from 'node:net'

/** IANA's special-purpose IPv4 blocks, which lead to no host on the public Internet (RFC 6890 and its successors). */
const specialBlocks: readonly (readonly [address: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, what is reserved, and broadcast.
  ['224.0.0.0', 3],
]

/** Whether the address is of a host on the public Internet. An IPv6 address that carries an IPv4 one is as that one is. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return isPublicIpv4(numberOf(address))
  if (!isIPv6(address)) return false
  const groups = groupsOf(address)
  const low = (groups[6] ?? 0) * 65_536 + (groups[7] ?? 0)
  const begins = (...start: number[]): boolean => start.every((group, index) => groups[index] === group)
  // Mapped (::ffff:a.b.c.d), NAT64 (64:ff9b::a.b.c.d) and 6to4 (2002:aabb:ccdd::).
  if (begins(0, 0, 0, 0, 0, 0xffff) || begins(0x64, 0xff9b, 0, 0, 0, 0)) return isPublicIpv4(low)
  if (begins(0x2002)) return isPublicIpv4((groups[1] ?? 0) * 65_536 + (groups[2] ?? 0))
  const [first = 0, second = 0] = groups
  // Only 2000::/3 is given out; of it not: 2001::/23 (Teredo and others), the documentation blocks.
  if (first < 0x2000 || first > 0x3fff) return false
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false
  return !(first === 0x3fff && second < 0x1000)
}

function isPublicIpv4(address: number): boolean {
  return !specialBlocks.some(([block, bits]) => {
    const size = 2 ** (32 - bits)
    return Math.floor(address / size) === Math.floor(numberOf(block) / size)
  })
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** The eight numbers of an IPv6 address, in whatever of its forms. */
function groupsOf(address: string): number[] {
  const plain = address.replace(/%.*$/, '').replace(/(\d+\.\d+\.\d+\.\d+)$/, (ipv4) => {
    const number = numberOf(ipv4)
    return `${Math.floor(number / 65_536).toString(16)}:${(number % 65_536).toString(16)}`
  })
  const [before = '', after] = plain.split('::')
  const read = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => parseInt(group, 16))
  const head = read(before)
  if (after === undefined) return head
  const tail = read(after)
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}
