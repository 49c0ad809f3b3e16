import { findProject, readProject } from '#lifecycle/project/index'
import { sections } from './sections.ts'

/** The project of a folder, or of one above it, read afresh: a person edits the file while the server runs. */
export async function readProjectAt(directory: string) {
  return readProject({ path: await findProject(directory), sections })
}

export type CurrentProject = Awaited<ReturnType<typeof readProjectAt>>
