import { Figure } from '#ui/kit/facts'
import { formatCompact, formatCount } from '#ui/kit/format'
import type { LogFigures } from '../deployment/log.ts'

/** What became of the predictions: losses are told, never silent. */
export function LogFigure({ log, away }: { log: LogFigures | undefined; away: string }) {
  const parts =
    log === undefined
      ? [away]
      : [
          log.lost === 0 ? 'none lost' : `${formatCount(log.lost)} lost`,
          log.dropped === 0 ? undefined : `${formatCount(log.dropped)} dropped`,
          log.sampledOut === 0 ? undefined : `${formatCompact(log.sampledOut)} sampled out`,
          log.problem,
        ].filter((part) => part !== undefined)
  return <Figure name="Logged" value={formatCompact(log?.written)} note={parts.join('; ')} />
}
