import { join } from 'node:path'
import type { DataProject } from '../data-project.ts'
import { pointerFolder } from '../pointers/pointer-file.ts'

/** What may lie in a folder of data and is no data: the store, and the pointer files. */
export function hiddenPlaces(home: string, { directory }: Pick<DataProject, 'directory'>): string[] {
  return [home, join(directory, pointerFolder)]
}
