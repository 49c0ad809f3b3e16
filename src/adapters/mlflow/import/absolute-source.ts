import { resolve } from 'node:path'

/** The source as a server that runs in another folder understands it. */
export function absoluteSource(source: string, directory: string): string {
  const [, relative] = /^sqlite:\/\/\/(?!\/)(.*)$/.exec(source) ?? []
  if (relative !== undefined) return `sqlite:///${resolve(directory, relative)}`
  return /^[a-z][a-z0-9+.-]+:/i.test(source) ? source : resolve(directory, source)
}
