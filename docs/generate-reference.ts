import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandLinePage } from './generator/command-line-page.ts'
import { httpApiPage } from './generator/http-api-page.ts'
import { projectFilePage } from './generator/project-file-page.ts'
import { trainersPage } from './generator/trainers-page.ts'

export const generatedDirectory = join(import.meta.dirname, 'reference', 'generated')

/** The pages that follow from the program itself, by file name. A test compares them with what is committed. */
export async function generatedPages(): Promise<Readonly<Record<string, string>>> {
  return {
    'command-line.md': commandLinePage(),
    'devmlops-yaml.md': projectFilePage(),
    'http-api.md': await httpApiPage(),
    'trainers.md': trainersPage(),
  }
}

if (import.meta.main) {
  await mkdir(generatedDirectory, { recursive: true })
  for (const [name, text] of Object.entries(await generatedPages()))
    await writeFile(join(generatedDirectory, name), text)
}
