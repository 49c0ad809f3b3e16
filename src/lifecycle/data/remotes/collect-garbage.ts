import { setTimeout as pause } from 'node:timers/promises'
import type { Digest, ReclaimedBlobs } from '#platform/blobs/index'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { createNamings, type NamedVersion, type Namings } from './named-version.ts'
import type { VersionPlace } from './remote.ts'
import type { VersionRows } from './version-rows.ts'

export interface GarbageRequest {
  /** The newest so many of each dataset stay; undefined: all of them. */
  readonly keep: number | undefined
  /** Younger ones stay. */
  readonly olderThanMs: number
  /** How long what was removed can come back, and what nobody names is left alone. */
  readonly graceMs: number
  /** False: only tell. */
  readonly apply: boolean
}

export interface GarbageDependencies {
  readonly rows: VersionRows
  readonly now: () => number
  /** Everybody who names versions outside of the data stage, and its tags and pointer files. */
  readonly named: () => AsyncIterable<NamedVersion>
  /**
   * Removes the bytes that nobody names, of the whole store. `without` tells versions that are to be looked at as if they
   * were gone.
   */
  readonly reclaim: (request: {
    readonly before: number
    readonly dryRun: boolean
    readonly signal: AbortSignal
    readonly without: (place: VersionPlace) => boolean
  }) => Promise<ReclaimedBlobs>
}

export interface GarbageVersion extends VersionPlace {
  readonly digest: Digest
  readonly sizeBytes: number
  readonly createdAt: number
}

export interface Garbage {
  /** What goes, or went. */
  readonly removed: GarbageVersion[]
  /** What is beyond the retention and stays all the same, and why. */
  readonly kept: (GarbageVersion & { readonly by: string[] })[]
  /** What was removed before and is named again: it is back. */
  readonly restored: VersionPlace[]
  /** Removed earlier, and their time to come back is over: their bytes go. */
  readonly expired: number
  readonly bytes: ReclaimedBlobs
}

export interface GarbageContext {
  readonly actor: string
  readonly signal: AbortSignal
  /** Between two steps, with what was decided: tests stop here. */
  readonly report: (step: 'named' | 'removed' | 'expired') => Promise<void>
}

const settleMs = 1000
/** Bytes younger than this may be about to be named, whatever the grace period: an add may take that long. */
const youngestMs = 60 * 60_000

/**
 * Takes away the versions beyond the retention that nobody names, then bytes that nobody names.
 *
 * Somebody may come to name a version at the very moment in which it goes: a run that was just started. So it goes in two
 * steps. First it is no version any more, but keeps its bytes; when it turns out, in a later collection, that it is named,
 * it comes back. Only after the grace period its bytes are given up. A process that dies anywhere in between leaves a
 * version that is there, or one that can come back.
 */
export async function collectGarbage(
  request: GarbageRequest,
  dependencies: GarbageDependencies,
  { actor, signal, report }: GarbageContext,
): Promise<Garbage> {
  const { rows, now } = dependencies
  const startedAt = now()
  const namings = await whoNames(dependencies)
  await report('named')
  const { candidates, newest } = await beyondRetention(rows, request, startedAt)
  const removed: GarbageVersion[] = []
  const kept: Garbage['kept'] = []
  for (const version of candidates) {
    const by = namings.of(version)
    if (newest.get(version.dataset) === version.version) by.unshift('latest')
    if (by.length > 0) kept.push({ ...version, by })
    else removed.push(version)
  }
  if (request.apply) {
    for (const version of removed) {
      signal.throwIfAborted()
      await rows.remove(version, { now: now(), actor })
    }
    await report('removed')
    // Without time to come back, whoever is naming one at this moment gets a moment to write it down.
    if (request.graceMs < settleMs) await pause(settleMs, undefined, { signal })
  }
  const { restored, expiring } = await lookAtRemoved(
    rows,
    request.apply ? await whoNames(dependencies) : namings,
    now() - request.graceMs,
  )
  if (request.apply) {
    for (const place of restored) await rows.restore(place)
    for (const place of expiring) await rows.expire(place, now())
    await report('expired')
  }
  const gone = new Set([...removed, ...expiring].map(nameOf))
  const bytes = await dependencies.reclaim({
    before: startedAt - Math.max(request.graceMs, youngestMs),
    dryRun: !request.apply,
    signal,
    without: (place) => !request.apply && gone.has(nameOf(place)),
  })
  return { removed, kept, restored, expired: expiring.length, bytes }
}

async function whoNames({ named }: GarbageDependencies): Promise<Namings> {
  const namings = createNamings()
  for await (const each of named()) namings.add(each)
  return namings
}

async function beyondRetention(
  rows: VersionRows,
  { keep, olderThanMs }: GarbageRequest,
  now: number,
): Promise<{ candidates: GarbageVersion[]; newest: Map<string, number> }> {
  const candidates: GarbageVersion[] = []
  const newest = new Map<string, number>()
  for (const dataset of await rows.datasets()) {
    const identities = (await rows.identities(dataset)).toReversed()
    const [first] = identities
    if (first !== undefined) newest.set(dataset, first.version)
    const beyond = keep === undefined ? [] : identities.slice(keep)
    for (const { version, digest, createdAt, sizeBytes } of beyond) {
      if (createdAt <= now - olderThanMs) candidates.push({ dataset, version, digest, createdAt, sizeBytes })
    }
  }
  return { candidates, newest }
}

async function lookAtRemoved(
  rows: VersionRows,
  namings: Namings,
  before: number,
): Promise<{ restored: VersionPlace[]; expiring: VersionPlace[] }> {
  const restored: VersionPlace[] = []
  const expiring: VersionPlace[] = []
  for await (const { version, removedAt } of rows.removed()) {
    const place = placeOf(version)
    if (namings.of(version).length > 0) restored.push(place)
    else if (removedAt <= before) expiring.push(place)
  }
  return { restored, expiring }
}

function placeOf({ dataset, version }: DatasetVersion): VersionPlace {
  return { dataset, version }
}

function nameOf({ dataset, version }: VersionPlace): string {
  return `${dataset}@${version}`
}
