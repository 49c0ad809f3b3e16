import { glob } from 'node:fs/promises'
import type { StepDefinition } from './definition.ts'
import type { PipelineProject } from './pipeline-project.ts'
import { filesIn, hashText, projectPath, type SourceDigests } from './source-digest.ts'
import type { StepKind } from './step-kind-point.ts'

/** The code that a step depends on: file or fragment → digest. */
export async function codeOf(
  step: StepDefinition,
  kind: StepKind,
  { project, digests }: { project: PipelineProject; digests: SourceDigests },
): Promise<Record<string, string>> {
  const code: Record<string, string> = {}
  for (const [name, text] of Object.entries(kind.codeText?.(step.config) ?? {})) code[name] = hashText(text)
  const named =
    (await kind.codeFiles?.(step.config, { directory: project.directory, declared: step.code })) ?? []
  const declared = await expand(step.code ?? [], project.directory)
  for (const path of [...new Set([...named, ...declared])].sort()) {
    code[path] = await digests.digestOf(projectPath(project.directory, path))
  }
  return code
}

/** Files behind names, folders and globs. */
async function expand(patterns: readonly string[], directory: string): Promise<string[]> {
  const found: string[] = []
  for (const pattern of patterns) {
    projectPath(directory, pattern)
    for await (const entry of glob(pattern, { cwd: directory, withFileTypes: true })) {
      const path = projectRelative(directory, entry.parentPath, entry.name)
      if (entry.isDirectory() && pattern.replace(/\/$/, '') === path) {
        found.push(...(await filesIn(`${directory}/${path}`)).map((name) => `${path}/${name}`))
      } else if (entry.isFile()) found.push(path)
    }
  }
  return found
}

function projectRelative(directory: string, parent: string, name: string): string {
  const inside = parent.slice(directory.length).replace(/^\//, '')
  return inside === '' ? name : `${inside}/${name}`
}
