import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fail } from '#contract/errors'
import { formatCount } from '#contract/units'
import { nearestName } from '#platform/nearest-name'
import { openTables, quoteText } from '#platform/tables/index'
import type { StepContext, StepForm, StepKind } from '../../pipelines/index.ts'
import {
  describeRule,
  partsOf,
  ruleDigest,
  splitRuleSchema,
  type SplitRule,
  type SplitsConfig,
} from './split-rule.ts'
import { partRows, splitTable, type SplitReport } from './split-table.ts'

const configSchema = z.strictObject({
  data: z.string().min(1).describe('The rows to split, such as prepare.rows'),
  rule: z
    .union([z.string().min(1), splitRuleSchema])
    .describe(
      'A rule, or the name of one under `splits:`; then list the parts under `outputs:` if they are not train and test',
    ),
})
export type SplitStep = z.output<typeof configSchema>

export const splitForm: StepForm<SplitStep> = {
  name: 'split',
  summary: 'Cut a table into the part that is learned from and those that are not',
  schema: configSchema,
  inputs: ({ data }) => ({ data }),
  outputs: ({ rule }, step) => {
    const listed = Object.keys(step.outputs)
    const parts =
      typeof rule === 'string' ? (listed.length === 0 ? ['train', 'test'] : listed) : partsOf(rule)
    return [
      ...parts.map((name) => ({ name, kind: 'table' as const })),
      { name: 'split', kind: 'json' as const },
    ]
  },
}

/** What a split was, kept for good. */
export interface SplitRecord extends Omit<SplitReport, 'notes'> {
  /** Under `splits:`, or the step. */
  readonly name: string
  readonly rule: SplitRule
  readonly ruleDigest: string
  readonly source: { readonly label: string; readonly digest: string }
}

export interface SplitStepDependencies {
  readonly splits: () => Promise<SplitsConfig>
  readonly recordSplit: (
    split: SplitRecord,
    context: { readonly stepRunId: string; readonly actor: string },
  ) => Promise<void>
}

/** The `split` step. Its parts are outputs: `split.train`, `split.test`, `split.validation`; what was done is `split.split`. */
export function splitStep({ splits, recordSplit }: SplitStepDependencies): StepKind<SplitStep> {
  return {
    ...splitForm,
    version: '1',
    usesAllCores: true,
    environment: async ({ rule }): Promise<Record<string, string>> =>
      typeof rule === 'string' ? { [`split ${rule}`]: ruleDigest(ruleNamed(rule, await splits())) } : {},
    run: async (context) => {
      const { config } = context
      const rule = typeof config.rule === 'string' ? ruleNamed(config.rule, await splits()) : config.rule
      const input = context.inputs['data'] ?? fail('internal', 'The step has no data.')
      const { report, paths } = await runSplit(context, rule)
      const { notes, ...counted } = report
      const record: SplitRecord = {
        name: typeof config.rule === 'string' ? config.rule : `${context.pipeline}.${context.step}`,
        rule,
        ruleDigest: ruleDigest(rule),
        source: { label: input.label, digest: input.digest },
        ...counted,
      }
      await recordSplit(record, { stepRunId: context.stepRunId, actor: context.actor })
      context.log(describeRule(rule))
      for (const { part, rows } of report.parts) context.log(`${part}: ${formatCount(rows)} rows`)
      for (const note of notes) context.log(`note: ${note}`)
      return {
        ...Object.fromEntries(
          report.parts.map(({ part, rows }) => [
            part,
            { kind: 'table' as const, path: paths[part] ?? '', rows },
          ]),
        ),
        split: { kind: 'json', value: record },
      }
    },
  }
}

async function runSplit(context: StepContext<SplitStep>, rule: SplitRule) {
  const input = context.inputs['data'] ?? fail('internal', 'The step has no data.')
  const relation =
    input.relation ?? fail('invalid_input', `${input.label} is not a table.`, { at: input.reference })
  checkParts(context, rule)
  const directory = join(context.workDirectory, 'outputs')
  await mkdir(directory, { recursive: true })
  const tables = await openTables({
    allowedDirectories: [directory],
    allowedPaths: input.allowedPaths,
    temporaryDirectory: join(context.workDirectory, 'tmp'),
  })
  const interrupt = (): void => tables.interrupt()
  context.signal.addEventListener('abort', interrupt)
  try {
    const report = await splitTable(tables, { relation, label: input.label, rule })
    const paths: Record<string, string> = {}
    for (const { part } of report.parts) {
      const path = join(directory, `${part}.parquet`)
      await tables.run(
        `COPY (${partRows(part)}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
      )
      paths[part] = path
    }
    return { report, paths }
  } finally {
    context.signal.removeEventListener('abort', interrupt)
    tables.close()
  }
}

/** A named rule decides its parts, and the step lists them: neither may have one that the other has not. */
function checkParts({ outputs }: StepContext<SplitStep>, rule: SplitRule): void {
  const listed = outputs.filter(({ kind }) => kind === 'table').map(({ name }) => name)
  const parts = partsOf(rule)
  const odd = [
    ...listed.filter((name) => !parts.some((part) => part === name)),
    ...parts.filter((part) => !listed.includes(part)),
  ]
  if (odd.length === 0) return
  fail('invalid_input', `The rule makes ${parts.join(', ')}, and the step lists ${listed.join(', ')}.`, {
    hint: `Write in the step: outputs: [${parts.join(', ')}]`,
    at: odd[0] ?? '',
  })
}

/** @throws not_found with the nearest name */
export function ruleNamed(name: string, splits: SplitsConfig): SplitRule {
  const found = Object.hasOwn(splits, name) ? splits[name] : undefined
  if (found !== undefined) return found
  const near = nearestName(name, Object.keys(splits))
  return fail('not_found', `The project has no split "${name}".`, {
    hint: near === undefined ? 'Describe it under `splits:` in devmlops.yaml.' : `Did you mean "${near}"?`,
    at: name,
  })
}
