import { pino } from 'pino'
import type { Config } from './config.ts'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** JSON lines on standard error: standard output belongs to results. */
export function createLog(level: Config['logLevel']): Log {
  const redact = { paths: ['token', 'authorization', 'password', '*.token', '*.authorization', '*.password'] }
  return pino({ level, redact, base: null }, pino.destination({ fd: 2, sync: true }))
}

const nothing = (): void => undefined

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
