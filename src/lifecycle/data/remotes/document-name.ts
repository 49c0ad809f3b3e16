/** One object a version, so that who pushes at the same time writes different ones, or finds the number taken. */
export function documentName(dataset: string, version: number): string {
  return `datasets/${dataset}/${String(version).padStart(8, '0')}.json`
}

/** The number of a version, by the last part of the name of its document. */
export function documentNumber(name: string): number | undefined {
  const digits = /^(\d{8,15})\.json$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
