import type { DeploymentView } from '#lifecycle/serving/contract'
import { useCall } from '#ui/api/use-call'
import { Command } from '#ui/kit/command'
import { actorName, formatDuration } from '#ui/kit/format'
import { Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { Ago, useNow } from '#ui/kit/time'
import type { Tone } from '#ui/kit/tone'
import { monitoringContract } from '../contract.ts'
import { EvidencePanel } from './evidence-panel.tsx'
import styles from './rollout.module.css'

type RolloutView = NonNullable<DeploymentView['rollout']>

const strategies = { canary: 'Canary', blue_green: 'Blue-green', shadow: 'Shadow', ab: 'A/B test' } as const

const decisions: Readonly<
  Record<NonNullable<RolloutView['verdict']>['verdict'], { readonly word: string; readonly tone: Tone }>
> = {
  advance: { word: 'Go on', tone: 'good' },
  promote: { word: 'Promote', tone: 'good' },
  hold: { word: 'Hold', tone: 'warn' },
  roll_back: { word: 'Roll back', tone: 'bad' },
}

/** A version on its way: where it is, what was said of it last, and what that rests on. @param seenAt when it was looked at */
export function RolloutPanel({
  deployment,
  rollout,
  seenAt,
}: {
  deployment: string
  rollout: RolloutView
  seenAt: number
}) {
  const { strategy, candidates, stable, startedAt, startedBy, reason, verdict, steps } = rollout
  const trials = useCall(monitoringContract.canaries, { name: deployment })
  const names = new Set(candidates.map(({ name }) => name))
  const running = trials.data?.items.filter(({ state, variant }) => state === 'running' && names.has(variant))
  const tried = candidates.map(({ version }) => `v${version}`).join(' and ')
  const place = steps.length > 1 ? `step ${rollout.step} of ${steps.length}` : 'one step'
  return (
    <>
      <Panel
        title={`${strategies[strategy]}: ${tried} against v${stable.version}`}
        aside={<StateMark tone="busy">Running, {place}</StateMark>}
        note={
          <>
            Started <Ago time={startedAt} /> by {actorName(startedBy)}
            {reason === '' ? '' : `: ${reason}`}
          </>
        }
      >
        <div className={styles['rollout']}>
          {steps.length > 1 ? <Steps rollout={rollout} /> : null}
          <p>
            <TimeLeft rollout={rollout} seenAt={seenAt} />
          </p>
          {verdict === undefined ? (
            <p>{rollout.judged ? 'No verdict yet: too little was seen.' : 'Nobody judges it by itself.'}</p>
          ) : (
            <div className={styles['verdict']}>
              <p>
                <StateMark tone={decisions[verdict.verdict].tone}>
                  {decisions[verdict.verdict].word}
                </StateMark>
                <small>
                  by {actorName(verdict.by)}, <Ago time={verdict.time} />
                </small>
              </p>
              <ul>
                {verdict.reason.split('; ').map((part) => (
                  <li key={part}>{part}</li>
                ))}
              </ul>
            </div>
          )}
          <div className={styles['commands']}>
            <Command line={`devmlops deploy ${deployment} --promote`} />
            <Command line={`devmlops rollback ${deployment}`} />
          </div>
        </div>
      </Panel>
      {running?.map((trial) => (
        <EvidencePanel key={trial.id} trial={trial} />
      ))}
    </>
  )
}

function Steps({ rollout: { steps, step } }: { rollout: RolloutView }) {
  return (
    <ol className={styles['steps']} aria-label="Steps">
      {steps.map(({ share, forMs }, index) => (
        <li
          // oxlint-disable-next-line react/no-array-index-key -- steps have no name and never move
          key={index}
          className={index + 1 < step ? styles['done'] : undefined}
          aria-current={index + 1 === step ? 'step' : undefined}
        >
          <b>{share} %</b>
          <small>{forMs === undefined ? 'until decided' : formatDuration(forMs)}</small>
        </li>
      ))}
    </ol>
  )
}

/** The words of the server, with the time going on between its answers. */
function TimeLeft({ rollout: { remainingMs, next }, seenAt }: { rollout: RolloutView; seenAt: number }) {
  const now = useNow()
  if (remainingMs === undefined || remainingMs === 0) return <span>It {next}.</span>
  const leftMs = Math.max(0, remainingMs - Math.max(0, now - seenAt))
  const to = next.indexOf(' to ')
  return (
    <span>
      <b>{formatDuration(Math.ceil(leftMs / 1000) * 1000)}</b>
      {/^\d/.test(next) && to > 0 ? next.slice(to) : ` left; ${next}`}.
    </span>
  )
}
