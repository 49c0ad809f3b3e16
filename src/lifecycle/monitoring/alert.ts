import { createHash } from 'node:crypto'
import type { Alert, AlertTransition, Judgement } from './findings.ts'

export interface Persistence {
  /** Breached windows in a row that make an alert fire. */
  readonly for: number
  /** Clean windows in a row that resolve it. */
  readonly resolveAfter: number
}

export interface AlertHistory {
  /** Every episode, by identity and then by time; the last of an identity is its present state. */
  readonly alerts: readonly Alert[]
  /** Every change of state, by window. */
  readonly transitions: readonly AlertTransition[]
}

type Identity = Pick<Judgement, 'monitor' | 'kind' | 'subject'>

/** The same trouble has the same fingerprint, in every window and on every machine. */
export function fingerprint({ monitor, kind, subject }: Identity): string {
  return createHash('sha256')
    .update(JSON.stringify([monitor, kind, subject]))
    .digest('hex')
    .slice(0, 16)
}

/**
 * The alerts that follow from judgements. A function of the set of judgements alone: their order does not matter, repeating
 * one changes nothing, and of several judgements of one window the one that rests on most evidence counts. Therefore labels
 * that come late correct the past, and a crash between judging and alerting loses nothing.
 *
 * quiet ─ breached ▸ pending ─ `for` breached in a row ▸ firing ─ `resolveAfter` clean in a row ▸ resolved
 *   ▴────── clean ──────┘                     (an unknown window neither counts nor breaks a row)
 */
export function deriveAlerts(
  judgements: readonly Judgement[],
  persistenceOf: (identity: Identity) => Persistence,
): AlertHistory {
  const byIdentity = Map.groupBy(judgements, fingerprint)
  const histories = [...byIdentity.keys()].sort().map((key) => {
    const own = byIdentity.get(key) as Judgement[]
    return follow(key, decisive(own), persistenceOf(own[0] as Judgement))
  })
  const transitions = histories.flatMap((history) => history.transitions)
  return {
    alerts: histories.flatMap((history) => history.alerts),
    // A stable sort: within a window, by fingerprint and then in the order of the states.
    transitions: transitions.sort((a, b) => compareText(a.window.start, b.window.start)),
  }
}

/** One judgement a window, by time. */
function decisive(judgements: readonly Judgement[]): Judgement[] {
  const byWindow = new Map<string, Judgement>()
  for (const judgement of judgements) {
    const held = byWindow.get(judgement.window.start)
    if (held === undefined || outweighs(judgement, held)) byWindow.set(judgement.window.start, judgement)
  }
  return [...byWindow.values()].sort((a, b) => compareText(a.window.start, b.window.start))
}

/** A total order, so that the choice does not depend on which judgement came first. */
function outweighs(a: Judgement, b: Judgement): boolean {
  if (a.evidence !== b.evidence) return a.evidence > b.evidence
  if (a.judgedAt !== b.judgedAt) return a.judgedAt > b.judgedAt
  return JSON.stringify(a) > JSON.stringify(b)
}

function follow(key: string, judgements: readonly Judgement[], persistence: Persistence): AlertHistory {
  const closed: Alert[] = []
  const transitions: AlertTransition[] = []
  let open: Alert | undefined
  let cleanInARow = 0
  for (const judgement of judgements) {
    if (judgement.verdict === 'unknown') continue
    if (judgement.verdict === 'breached') {
      cleanInARow = 0
      const before: AlertTransition['from'] =
        open === undefined ? 'quiet' : open.state === 'firing' ? 'firing' : 'pending'
      open = breach(open ?? begin(key, judgement), judgement, persistence)
      transitions.push(...transitionsOf(open, before, judgement))
      continue
    }
    cleanInARow++
    if (open?.state === 'pending') open = undefined
    if (open === undefined || cleanInARow < persistence.resolveAfter) continue
    closed.push({ ...open, state: 'resolved', resolvedAt: judgement.window.end })
    transitions.push(transition(open, { from: 'firing', to: 'resolved' }, judgement))
    open = undefined
  }
  return { alerts: open === undefined ? closed : [...closed, open], transitions }
}

function begin(key: string, judgement: Judgement): Alert {
  const { monitor, kind, subject, window, reason, numbers } = judgement
  const id = `${key}-${window.start}`
  const identity = { id, fingerprint: key, monitor, kind, subject }
  const dates = { since: window.start, firingSince: null, resolvedAt: null }
  return { ...identity, state: 'pending', ...dates, breachedWindows: 0, window, reason, numbers }
}

function breach(alert: Alert, { window, reason, numbers }: Judgement, persistence: Persistence): Alert {
  const breachedWindows = alert.breachedWindows + 1
  const fires = alert.state === 'pending' && breachedWindows >= persistence.for
  const state = fires ? { state: 'firing' as const, firingSince: window.end } : {}
  return { ...alert, ...state, breachedWindows, window, reason, numbers }
}

function transitionsOf(
  alert: Alert,
  before: AlertTransition['from'],
  judgement: Judgement,
): AlertTransition[] {
  const found: AlertTransition[] = []
  if (before === 'quiet') found.push(transition(alert, { from: 'quiet', to: 'pending' }, judgement))
  if (before !== 'firing' && alert.state === 'firing') {
    found.push(transition(alert, { from: 'pending', to: 'firing' }, judgement))
  }
  return found
}

function transition(
  { id, fingerprint, monitor, kind, subject }: Alert,
  change: Pick<AlertTransition, 'from' | 'to'>,
  { window, reason, numbers }: Judgement,
): AlertTransition {
  return { alert: id, fingerprint, monitor, kind, subject, ...change, window, reason, numbers }
}

export interface TransitionChange {
  /** To announce now. */
  readonly added: readonly AlertTransition[]
  /** Announced before, and no longer true since a window was judged again. */
  readonly withdrawn: readonly AlertTransition[]
}

/** What to tell the world after judgements came in: the transitions of `after` that `before` did not have, and vice versa. */
export function changedTransitions(
  before: readonly AlertTransition[],
  after: readonly AlertTransition[],
): TransitionChange {
  const known = new Set(before.map(transitionKey))
  const now = new Set(after.map(transitionKey))
  return {
    added: after.filter((one) => !known.has(transitionKey(one))),
    withdrawn: before.filter((one) => !now.has(transitionKey(one))),
  }
}

function transitionKey({ alert, to, window }: AlertTransition): string {
  return `${alert} ${to} ${window.start}`
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
