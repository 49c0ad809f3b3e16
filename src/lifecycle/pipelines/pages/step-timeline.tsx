import { Badge, StateMark } from '#ui/kit/state-mark'
import { toneOf } from '#ui/kit/tone'
import { Took, useNow } from '#ui/kit/time'
import type { PipelineRunDetail, StepRunView } from '../contract.ts'
import { stateWord } from './run-state.ts'
import styles from './step-timeline.module.css'

type NamedStep = StepRunView & { readonly name: string }

/** When each step ran, on one axis of time. */
export function StepTimeline({
  run,
  steps,
  chosen,
  choose,
}: {
  run: PipelineRunDetail
  steps: readonly NamedStep[]
  chosen: string | undefined
  choose: (step: string) => void
}) {
  const now = useNow()
  const start = run.startedAt ?? run.createdAt
  const latest = Math.max(
    start + 1,
    ...steps.flatMap(({ startedAt, finishedAt }) => [startedAt ?? 0, finishedAt ?? 0]),
  )
  const end = run.finishedAt ?? (run.state === 'running' ? Math.max(latest, now) : latest)
  const share = (time: number): number =>
    Math.min(100, Math.max(0, ((time - start) / Math.max(1, end - start)) * 100))
  return (
    <ol className={styles['timeline']}>
      {steps.map((step) => {
        const from = step.startedAt === undefined ? undefined : share(step.startedAt)
        const to = step.finishedAt === undefined ? 100 : share(step.finishedAt)
        return (
          <li key={step.id}>
            <button type="button" aria-pressed={step.name === chosen} onClick={() => choose(step.name)}>
              <span className={styles['name']}>
                <b>{step.name}</b> <span>{step.kind}</span>
              </span>
              <span className={styles['state']}>
                {step.state === 'cached' ? (
                  <Badge tone="accent">cached</Badge>
                ) : (
                  <StateMark tone={toneOf(step.state)}>{stateWord(step.state)}</StateMark>
                )}
                {step.attempt > 1 ? <Badge tone="warn">attempt {step.attempt}</Badge> : null}
              </span>
              <span className={styles['took']}>
                {step.state === 'cached' ? '' : <Took from={step.startedAt} to={step.finishedAt} />}
              </span>
              <span className={styles['lane']}>
                {from === undefined ? null : (
                  <i
                    className={styles[step.state]}
                    style={{
                      left: `${from}%`,
                      width: `max(3px, ${(step.state === 'cached' ? 0 : to - from).toFixed(2)}%)`,
                    }}
                  />
                )}
              </span>
              {step.progress === undefined || step.state !== 'running' ? (
                <span className={styles['reason']}>{step.reasons[0] ?? ''}</span>
              ) : (
                <span className={styles['reason']}>
                  {step.progress.fraction === undefined
                    ? ''
                    : `${Math.round(step.progress.fraction * 100)} % · `}
                  {step.progress.text}
                </span>
              )}
            </button>
          </li>
        )
      })}
    </ol>
  )
}
