import type { Platform } from '#platform/platform'
import { changedTransitions, deriveAlerts } from './alert.ts'
import type { AlertNews } from './alert-store.ts'
import { isWatched } from './drift.ts'
import type { Alert, AlertTransition, Judgement } from './findings.ts'
import { persistenceIn } from './judgement.ts'
import { describeRule } from './realized-performance.ts'
import type { Monitor } from './settings.ts'
import type { MonitoringStore } from './store.ts'

const actor = 'system:monitoring'

/**
 * Brings the alerts to what follows from all judgements, and notes in the same transaction what the world has to be told
 * because of it. Answers the transitions that are new.
 */
export function settleAlerts(
  deployment: string,
  monitor: Monitor,
  { store, now }: { readonly store: MonitoringStore; readonly now: number },
): Promise<readonly AlertTransition[]> {
  return store.transaction(async ({ alerts: stored }) => {
    const judgements = (await stored.judgements(deployment)).filter((one) => isStillWatched(one, monitor))
    const history = deriveAlerts(judgements, persistenceIn(monitor))
    const { added, withdrawn } = changedTransitions(
      await stored.transitions({ deployment }),
      history.transitions,
    )
    const news = newsOf(history.alerts, await stored.toldStates(deployment))
    if (added.length + withdrawn.length + news.length > 0) {
      await stored.addNews(news.map((one) => ({ ...one, deployment, created_at: now })))
    }
    await stored.replace(deployment, history)
    return added
  })
}

/** A rule that was taken out of devmlops.yaml takes its alerts with it. */
function isStillWatched({ kind, subject }: Judgement, { drift, performance }: Monitor): boolean {
  if (kind === 'release') return true
  if (kind === 'drift') return drift !== false && isWatched(subject, drift)
  return performance.some((rule) => describeRule(rule) === subject)
}

type News = Pick<AlertNews, 'alert' | 'state' | 'document'>

/** The difference between how the alerts stand and what was told about them last. */
function newsOf(alerts: readonly Alert[], told: ReadonlyMap<string, AlertNews>): News[] {
  const news: News[] = []
  for (const alert of alerts) {
    const before = told.get(alert.id)?.state
    const fired = alert.state !== 'pending'
    if (fired && before === undefined) news.push(newsItem(alert, 'firing'))
    else if (alert.state === 'firing' && before === 'resolved') news.push(newsItem(alert, 'firing'))
    if (alert.state === 'resolved' && before !== 'resolved') news.push(newsItem(alert, 'resolved'))
  }
  const firing = new Set(alerts.filter(({ state }) => state !== 'pending').map(({ id }) => id))
  for (const [id, last] of told) {
    if (last.state !== 'firing' || firing.has(id)) continue
    const document = { ...(JSON.parse(last.document) as Alert), withdrawn: true }
    news.push({ alert: id, state: 'resolved', document: JSON.stringify(document) })
  }
  return news
}

function newsItem(alert: Alert, state: News['state']): News {
  return { alert: alert.id, state, document: JSON.stringify(alert) }
}

const firedEvent = {
  drift: 'drift.detected',
  performance: 'model.decayed',
  release: 'rollout.undecided',
} as const

/**
 * Tells what is still untold. Every event carries the number of its news, and is looked up by it before it is emitted:
 * after a crash between the event and the note of it, it is not emitted again.
 */
export async function tellNews(
  deployment: string,
  { store, platform }: { readonly store: MonitoringStore; readonly platform: Platform },
): Promise<void> {
  for (const { number, alert: id, state, document } of await store.alerts.untold(deployment)) {
    const alert = JSON.parse(document) as Alert & { readonly withdrawn?: boolean }
    const { kind, subject, reason, window, numbers, since, withdrawn = false } = alert
    const payload = {
      news: number,
      alert: id,
      deployment,
      kind,
      subject,
      since,
      window,
      numbers,
      reason: withdrawn ? `taken back by what is known now; it was: ${reason}` : reason,
      withdrawn,
    }
    const emitOnce = async (type: string, about: string): Promise<void> => {
      const recent = await platform.events.list({
        types: [type],
        subject: about,
        limit: 50,
        newestFirst: true,
      })
      if (recent.some((event) => event.payload['news'] === number)) return
      await platform.events.emit({ type, subject: about, actor, payload })
    }
    if (state === 'firing') await emitOnce(firedEvent[kind], `deployment/${deployment}`)
    await emitOnce(`alert.${state}`, `alert/${id}`)
    await store.alerts.markTold(number, platform.clock.now())
  }
}
