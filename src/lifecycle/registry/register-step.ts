import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { fail } from '#contract/errors'
import {
  evaluationFiles,
  evaluationResultSchema,
  renderReport,
  type CandidateSource,
  type EvaluationResult,
} from '#lifecycle/evaluation/index'
import type { PipelineRunDetail, StepContext, StepForm, StepKind } from '#lifecycle/pipelines/index'
import { systemCaller } from '#platform/access/access'
import { championAlias, type Lineage } from './contract.ts'
import { modelCard } from './model-card.ts'
import type { RegistryService } from './service.ts'

const configSchema = z.strictObject({
  evaluation: z.string().min(1).describe('The `evaluate` step whose winner is registered'),
  model: z.string().min(1).describe('The name to register it under'),
  alias: z
    .string()
    .default('challenger')
    .describe('The alias that the new version gets; the first version of a model also becomes champion'),
})
type RegisterConfig = z.output<typeof configSchema>

export interface RegisterStepDependencies {
  readonly registry: RegistryService
  /** Gives a version that was there before the evaluation of this run. */
  readonly keepEvaluation: CandidateSource['keepEvaluation']
  /** The pipeline run that the step is part of, for the lineage. */
  readonly pipelineRun: (runId: string) => Promise<PipelineRunDetail>
  readonly descriptions: () => Promise<Readonly<Record<string, string | undefined>>>
}

export const registerForm: StepForm<RegisterConfig> = {
  name: 'register',
  summary: 'Register the winner of an evaluation, if its gates passed',
  schema: configSchema,
  inputs: ({ evaluation }) => ({
    evaluation: evaluation.includes('.') ? evaluation : `${evaluation}.result`,
  }),
  outputs: () => [{ name: 'version', kind: 'json' }],
}

/** The `register` step: the winner becomes a version when its gates passed, and gets an alias. */
export function registerStep(dependencies: RegisterStepDependencies): StepKind<RegisterConfig> {
  return {
    ...registerForm,
    version: '1',
    run: async (context) => ({
      version: { kind: 'json', value: await registerWinner(context, dependencies) },
    }),
  }
}

async function registerWinner(context: StepContext<RegisterConfig>, dependencies: RegisterStepDependencies) {
  const { config } = context
  const evaluation = await readEvaluation(context)
  const { report, winner } = evaluation
  if (report.verdict.outcome === 'failed') {
    fail('gate_failed', `${winner.name} is not registered: ${report.verdict.reason}.`, {
      hint: `The version that answers stays. See the run: devmlops runs show ${winner.runId.slice(0, 8)}`,
    })
  }
  const { registry } = dependencies
  const caller = { ...systemCaller('pipelines'), name: context.actor }
  const lineage = lineageOf(evaluation, await dependencies.pipelineRun(context.pipelineRunId))
  const reportFile = winner.files.find(({ path }) => path === evaluationFiles.report)
  const description = (await dependencies.descriptions())[config.model] ?? ''
  // A version that was registered before was given this evaluation by the `evaluate` step.
  const isVersion = winner.registered?.model === config.model
  const version = isVersion
    ? await registry.getVersion(config.model, String(winner.registered?.version))
    : await registry.register(
        {
          model: config.model,
          runId: winner.runId,
          // A run may log many models; one is the same again when its files are.
          ...(winner.trainer === 'mlflow' ? { key: `files:${filesDigest(winner.files)}` } : {}),
          artifacts: winner.files.map((file) => ({ ...file })),
          signature: winner.signature,
          lineage,
          ...(reportFile === undefined
            ? {}
            : { evaluation: { reportDigest: reportFile.digest, verdict: report.verdict.outcome } }),
          card: modelCard({
            name: config.model,
            description,
            evaluation,
            lineage,
            summary: renderReport(report),
          }),
          description: `${winner.trainer}, best of ${evaluation.candidates.length} by ${evaluation.selectedBy}`,
        },
        caller,
      )
  const profile = winner.files.find(({ path }) => path === evaluationFiles.referenceProfile)
  const isJudgedAnew = version.evaluation?.reportDigest !== reportFile?.digest
  if (winner.trainer === 'mlflow' && isJudgedAnew && reportFile !== undefined && profile !== undefined) {
    await dependencies.keepEvaluation(version, {
      reportDigest: reportFile.digest,
      profileDigest: profile.digest,
      verdict: report.verdict.outcome,
      actor: context.actor,
    })
  }
  const champion = await registry.versionOfAlias(config.model, championAlias)
  const alias = champion === undefined ? championAlias : config.alias
  const reason = `${report.verdict.reason}; registered by pipeline ${context.pipeline}`
  if (champion?.version !== version.version) {
    await registry.promote({ model: config.model, alias, version: version.version, reason }, caller)
  }
  context.log(
    `${config.model} version ${version.version} is ${champion?.version === version.version ? championAlias : alias}`,
  )
  return { model: config.model, version: version.version, alias }
}

function filesDigest(files: EvaluationResult['winner']['files']): string {
  const evaluated: readonly string[] = Object.values(evaluationFiles)
  const facts = files
    .filter(({ path }) => !evaluated.includes(path))
    .map(({ path, digest }) => `${path} ${digest}`)
  return createHash('sha256').update(facts.toSorted().join('\n')).digest('hex')
}

async function readEvaluation(context: StepContext<RegisterConfig>): Promise<EvaluationResult> {
  const path = context.inputs['evaluation']?.files[0]?.path ?? fail('internal', 'The step has no evaluation.')
  return evaluationResultSchema.parse(JSON.parse(await readFile(path, 'utf8')))
}

function lineageOf({ trainedOn, evaluatedOn }: EvaluationResult, run: PipelineRunDetail): Lineage {
  const sources = run.steps
    .flatMap(({ inputs }) => inputs)
    .filter(({ reference }) => reference.startsWith('data.'))
    .map(({ label, digest }) => {
      const [name = label, version = ''] = label.split('@')
      return { name, version, digest, role: 'source' }
    })
  const unique = [...new Map(sources.map((source) => [source.digest, source])).values()]
  return {
    datasets: [
      ...unique,
      { name: trainedOn.label, version: '', digest: trainedOn.digest, role: 'training' },
      { name: evaluatedOn.label, version: '', digest: evaluatedOn.digest, role: 'evaluation' },
    ],
    parameters: Object.fromEntries(
      Object.entries(run.parameters).map(([name, value]) => [name, String(value)]),
    ),
    ...(run.code === undefined ? {} : { code: { commit: run.code.commit, dirty: run.code.dirty } }),
    pipeline: { name: run.pipeline, runId: run.id },
    environment: { node: process.version, platform: `${process.platform}-${process.arch}` },
  }
}
