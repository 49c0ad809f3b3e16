import type { DataProject } from '../data-project.ts'
import { openAt } from '../remotes/open-remote.ts'

/** Whether one of the project's remotes has that version; one that does not answer has none. */
export async function isOnRemote(
  { directory, sections }: DataProject,
  dataset: string,
  { version, digest }: { readonly version: number; readonly digest: string },
): Promise<boolean> {
  for (const config of Object.values(sections.remotes ?? {})) {
    try {
      const document = await (await openAt(config, directory)).document({ dataset, version })
      if (document?.version.digest === digest) return true
    } catch {
      continue
    }
  }
  return false
}
