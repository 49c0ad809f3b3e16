import { isDeepStrictEqual } from 'node:util'
import { deploymentSchema, type DeployedVariant, type DeploymentSettings } from './contract.ts'
import type { RevisionRow } from './store.ts'

/** What a deployment is at one revision. */
export interface DeploymentState {
  readonly state: 'active' | 'stopped'
  readonly settings: DeploymentSettings
  readonly variants: readonly DeployedVariant[]
}

export function variantsOf(row: Pick<RevisionRow, 'variants'>): DeployedVariant[] {
  return JSON.parse(row.variants) as DeployedVariant[]
}

export function championIn(variants: readonly DeployedVariant[]): DeployedVariant | undefined {
  return variants.find(({ name }) => name === 'champion')
}

/**
 * What devmlops.yaml said of the deployment when the revision was made; defaults that came later are filled in. The row
 * keeps settings as they were read, with durations in milliseconds, so they are not parsed a second time.
 */
export function settingsIn({ settings }: Pick<RevisionRow, 'settings'>): DeploymentSettings {
  const kept = JSON.parse(settings) as DeploymentSettings
  return withDefaults(deploymentSchema.parse({ model: 'any@champion' }), kept) as DeploymentSettings
}

function withDefaults(defaults: unknown, kept: unknown): unknown {
  if (kept === undefined) return defaults
  if (!isPlain(defaults) || !isPlain(kept)) return kept
  const filled: Record<string, unknown> = { ...kept }
  for (const [name, value] of Object.entries(defaults)) filled[name] = withDefaults(value, kept[name])
  return filled
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function stateIn(row: RevisionRow): DeploymentState {
  return { state: row.state, settings: settingsIn(row), variants: variantsOf(row) }
}

/** Digests are facts about a version, and no change of a deployment. */
export function isSameState(left: DeploymentState, right: DeploymentState): boolean {
  return isDeepStrictEqual(comparable(left), comparable(right))
}

function comparable({ state, settings, variants }: DeploymentState): unknown {
  const compared = {
    state,
    settings,
    variants: variants.map(({ digest: _digest, ...variant }) => variant),
  }
  return JSON.parse(JSON.stringify(compared))
}
