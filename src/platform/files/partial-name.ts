const prefix = '.devmlops-partial-'

/** The name of a file that is being written beside the one that it will be. */
export function partialName(unique: string): string {
  return `${prefix}${unique}`
}

/** Whether a killed process may have left this file: nobody's data, and to be removed. */
export function isPartialName(name: string): boolean {
  return name.startsWith(prefix)
}
