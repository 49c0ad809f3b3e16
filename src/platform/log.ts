import { redact } from './redact.ts'
import type { Config } from './config.ts'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const levels = ['debug', 'info', 'warn', 'error'] as const

/**
 * JSON lines on standard error: standard output belongs to results. Written here rather than by a logging package, whose
 * loading took longer than most commands need; four levels and no transports are all that a process under a
 * supervisor needs.
 */
export function createLog(
  level: Config['logLevel'],
  write: (line: string) => unknown = (line) => process.stderr.write(line),
): Log {
  const lowest = level === 'silent' ? levels.length : levels.indexOf(level)
  const writer = (name: (typeof levels)[number]): Log['info'] =>
    levels.indexOf(name) < lowest
      ? nothing
      : (fields, message) => {
          const line = { level: name, time: new Date().toISOString(), message }
          write(`${JSON.stringify({ ...line, ...(redact(fields) as object) })}\n`)
        }
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
}

const nothing = (): void => undefined

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
