import { routesOf } from '#platform/dispatch'
import { digestsIn } from '#platform/held-digests'
import type { Stage } from '#platform/platform'
import { registryContract } from './contract.ts'
import { registryHandlers } from './handlers.ts'
import { createRegistryService, type RegistryDependencies, type RegistryService } from './service.ts'
import { webhookContract } from './webhooks/contract.ts'
import { webhookHandlers } from './webhooks/handlers.ts'

export type { Promotion, Rollback } from './alias-service.ts'
export {
  type EvaluationReference,
  type Lineage,
  type ModelArtifact,
  type ModelVersion,
  type RegisteredModel,
  type Trace,
  type Transition,
  type Verdict,
} from './contract.ts'
export { candidateSource, type CandidateSourceDependencies } from './candidate-source.ts'
export { championSource, modelSource, type ModelSource, type RunnableVersion } from './model-source.ts'
export {
  createRegistryImportService,
  type ImportedModel,
  type ImportedVersion,
  type RegistryImportService,
} from './import-service.ts'
export type { DeployedVersion, FoundRegisteredModel } from './model-service.ts'
export type { Registration, RegistryDependencies, RegistryService } from './service.ts'
export { registerForm, registerStep } from './register-step.ts'
export { openSender, type Sender } from './webhooks/send.ts'
export type { Webhook } from './webhooks/webhook-store.ts'
export { registryMigrations } from './tables.ts'
export { datasetsNamedByModels } from './named-datasets.ts'

export function createRegistryStage(dependencies: RegistryDependencies): {
  readonly service: RegistryService
  readonly stage: Stage
} {
  const service = createRegistryService(dependencies)
  return {
    service,
    stage: {
      name: 'registry',
      routes: [
        ...routesOf('registry', registryContract, registryHandlers(service)),
        ...routesOf('registry', webhookContract, webhookHandlers(service.webhooks)),
      ],
      jobKinds: [service.webhooks.jobKind],
      heldDigests: () =>
        digestsIn(dependencies.platform.database, [
          { table: 'model_versions', key: ['model_number', 'version'], columns: ['record'] },
        ]),
    },
  }
}
