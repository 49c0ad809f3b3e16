const hexDigits = 64

/** SHA-256 digests that stand one after the other in hexadecimal digits: one string crosses threads faster than many. */
export function splitChunkNames(joined: string): string[] {
  const names: string[] = []
  for (let at = 0; at < joined.length; at += hexDigits) names.push(joined.slice(at, at + hexDigits))
  return names
}
