import type { TreeEntry } from './tree-node.ts'

export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}

/** Whether an entry has that prefix, or is a directory that may hold paths with it. */
export function matchesPrefix(path: string, prefix: string, kind: TreeEntry['kind']): boolean {
  return path.startsWith(prefix) || (kind === 'directory' && prefix.startsWith(`${path}/`))
}
