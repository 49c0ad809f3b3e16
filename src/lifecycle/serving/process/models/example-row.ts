import type { ModelPlan } from '../../plan.ts'
import { readExamples } from './model-examples.ts'
import type { ModelFiles } from './model-pool.ts'

/** The first row that was stored with a model, for examples of requests. Its file is small, and read when somebody asks. */
export async function exampleRowOf(
  plan: Pick<ModelPlan, 'files' | 'signature'>,
  files: ModelFiles,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const examples = await readExamples(plan, async (path) => {
    const file = plan.files.find((candidate) => candidate.path === path)
    return file === undefined ? new Uint8Array() : await files.get(file.digest)
  }).catch(() => undefined)
  return examples?.firstRow
}
