import { planFile } from '../plans/plan-file.ts'
import type { ModelPool } from './model-pool.ts'

/** Loads what the kept plan names, for a process that will take it over. What does not load is found out then. */
export async function warmUp(
  pool: Pick<ModelPool, 'acquire' | 'setBudget'>,
  stateDirectory: string,
): Promise<() => void> {
  const plan = await planFile(stateDirectory)
    .read()
    .catch(() => undefined)
  pool.setBudget(plan?.memoryBudgetBytes)
  const variants = plan?.deployments.flatMap((deployment) => deployment.variants) ?? []
  const models = await Promise.all(variants.map((variant) => pool.acquire(variant).catch(() => undefined)))
  return () => {
    for (const model of models) model?.release()
  }
}
