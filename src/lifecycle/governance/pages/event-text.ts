import { formatCount } from '#ui/kit/format'
import type { Tone } from '#ui/kit/tone'
import { places } from '#ui/places'
import type { EventView } from '../contract.ts'

type Happening = Pick<EventView, 'type' | 'subject' | 'payload'>

const tones: Readonly<Record<string, Tone>> = {
  'data.rejected': 'bad',
  'drift.detected': 'bad',
  'model.decayed': 'bad',
  'rollout.undecided': 'bad',
  'alert.firing': 'bad',
  'alert.resolved': 'good',
  'data.arrived': 'good',
  'model.registered': 'good',
  'pipeline.started': 'busy',
  'run.started': 'busy',
}

const verbs: Readonly<Record<string, string>> = {
  'data.arrived': 'added',
  'data.rejected': 'had an arrival refused in',
  'data.tagged': 'tagged',
  'run.started': 'started',
  'run.finished': 'finished',
  'logged_model.ready': 'logged',
  'step.finished': 'finished a step of',
  'pipeline.started': 'started',
  'pipeline.finished': 'finished',
  'model.registered': 'registered',
  'model.evaluated': 'evaluated',
  'model.alias_set': 'moved an alias of',
  'model.alias_removed': 'removed an alias of',
  'deployment.changed': 'changed',
  'drift.detected': 'found drift in',
  'model.decayed': 'found decay of',
  'rollout.changed': 'moved the rollout of',
  'rollout.undecided': 'waits for a decision about',
  'alert.firing': 'raised an alert:',
  'alert.resolved': 'resolved an alert:',
}

/** `pipeline.finished` with a payload that says how: green only when it went well. */
export function eventTone({ type, payload }: Happening): Tone {
  const state = text(payload, 'state') ?? text(payload, 'status')
  if (type.endsWith('.finished') && state !== undefined) {
    return /fail/i.test(state) ? 'bad' : /succe|finish|cached/i.test(state) ? 'good' : 'quiet'
  }
  return tones[type] ?? 'quiet'
}

/** Told by the runs and pipelines that they belong to; beside those they only make noise. */
const details: ReadonlySet<string> = new Set(['step.finished', 'run.started'])

export function isDetail({ type }: Happening): boolean {
  return details.has(type)
}

export function eventVerb({ type }: Happening): string {
  return verbs[type] ?? type.split('.').toReversed().join(' ').replaceAll('_', ' ')
}

/** The words of the payload that a person would ask for next. */
export function eventDetail({ payload }: Happening): string {
  const alias = text(payload, 'alias')
  const { version, rows, files, kind } = payload
  return [
    text(payload, 'step'),
    alias === undefined ? undefined : `${alias} → ${typeof version === 'number' ? `v${version}` : 'none'}`,
    outcomeOf(payload),
    text(payload, 'tag'),
    kind === 'folder' && typeof files === 'number'
      ? `${formatCount(files)} files`
      : typeof rows === 'number'
        ? `${formatCount(rows)} rows`
        : undefined,
    text(payload, 'reason') ?? text(payload, 'message'),
  ]
    .filter(Boolean)
    .join(' · ')
}

/** What the subject is called, and where it is shown. */
export function subjectOf({ subject, payload }: Happening): {
  readonly name: string
  readonly href?: string
} {
  const [kind = '', rest = ''] = split(subject, '/')
  const [name, version] = split(rest, '@')
  switch (kind) {
    case 'dataset':
      return version === undefined || !/^\d+$/.test(version)
        ? { name: rest, href: places.dataset.to({ dataset: name ?? '' }) }
        : { name: rest, href: places.datasetVersion.to({ dataset: name ?? '', version }) }
    case 'model':
      return version === undefined
        ? { name: rest, href: places.model.to({ model: name ?? '' }) }
        : { name: `${name} v${version}`, href: places.modelVersion.to({ model: name ?? '', version }) }
    case 'pipeline-run':
      return {
        name: `${text(payload, 'pipeline') ?? 'pipeline'} ${rest.slice(-8)}`,
        href: places.pipelineRun.to({ runId: rest }),
      }
    case 'run':
      return {
        name: text(payload, 'name') ?? `run ${rest.slice(0, 8)}`,
        href: places.run.to({ runId: rest }),
      }
    case 'alert': {
      const deployment = text(payload, 'deployment') ?? ''
      return {
        name: `${text(payload, 'subject') ?? 'alert'} of ${deployment}`,
        href: places.endpoint.to({ deployment }),
      }
    }
    case 'deployment':
    case 'monitor':
      return { name: rest, href: places.endpoint.to({ deployment: rest.split('/')[0] ?? rest }) }
    default:
      return { name: subject }
  }
}

/** How it ended, where the verb leaves that open. */
function outcomeOf(payload: Happening['payload']): string | undefined {
  const outcome = (text(payload, 'status') ?? text(payload, 'state'))?.toLowerCase()
  return outcome === 'finished' || outcome === 'active' ? undefined : outcome
}

function split(whole: string, mark: string): [string | undefined, string | undefined] {
  const at = whole.indexOf(mark)
  return at === -1 ? [whole, undefined] : [whole.slice(0, at), whole.slice(at + 1)]
}

function text(payload: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = payload[field]
  return typeof value === 'string' && value !== '' ? value : undefined
}
