import { settleReleaseAlert, type ReleaseAlertContext } from './release-alert.ts'

const subject = 'a change that was refused'

/** The event `deployment.refused` or, when a change was done since, nothing. */
export interface Refusal {
  readonly time: number
  readonly reason: string
  /** Why the change was wanted. */
  readonly tried: string
}

/** What answered goes on answering when a change cannot be done; so nobody would notice without an alert that says why. */
export function settleRefusedChange(
  refusal: Refusal | undefined,
  context: ReleaseAlertContext,
): Promise<void> {
  const finding =
    refusal === undefined
      ? undefined
      : {
          subject,
          since: refusal.time,
          reason: `${refusal.reason} (${refusal.tried}); what answered goes on`,
        }
  const mine = { isMeant: (candidate: string) => candidate === subject, over: 'a change was done since' }
  return settleReleaseAlert(finding, mine, context)
}
