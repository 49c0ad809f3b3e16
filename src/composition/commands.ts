import type { Command } from '#platform/terminal/index'
import { dataCommands } from '#lifecycle/data/commands'
import { featuresCommands } from '#lifecycle/features/commands'
import { governanceCommands } from '#lifecycle/governance/commands'
import { monitoringCommands } from '#lifecycle/monitoring/commands'
import { pipelinesCommands } from '#lifecycle/pipelines/commands'
import { registryCommands } from '#lifecycle/registry/commands'
import { servingCommands } from '#lifecycle/serving/commands'
import { trackingCommands } from '#lifecycle/tracking/commands'
import { mlflowExportCommands } from '#adapters/mlflow/export/commands'
import { mlflowImportCommands } from '#adapters/mlflow/import/commands'
import { modelImportCommands } from '#adapters/onnx-import/commands'
import { doctorCommand } from './doctor-command.ts'
import { initCommand } from './init-command.ts'
import { sdkFlushCommand } from './sdk-flush-command.ts'
import { serverCommand } from './server-command.ts'

/** All commands, in the order of the loop: the order of the help. */
export const commands: readonly Command[] = [
  initCommand,
  ...dataCommands,
  ...pipelinesCommands,
  ...featuresCommands,
  ...trackingCommands,
  ...registryCommands,
  ...modelImportCommands,
  ...servingCommands,
  ...monitoringCommands,
  ...governanceCommands,
  ...mlflowImportCommands,
  ...mlflowExportCommands,
  serverCommand,
  sdkFlushCommand,
  doctorCommand,
]
