import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { fail, messageOf } from '#contract/errors'
import type { Log } from '#platform/log'

export interface TlsPair {
  readonly certificate: Buffer
  readonly key: Buffer
}

export interface TlsFiles {
  /** As they were read last. */
  readonly current: TlsPair
  /** Told of every new pair that fits together. */
  onChange(listener: (pair: TlsPair) => void): void
  close(): void
}

export interface TlsFilesOptions {
  readonly certificatePath: string
  readonly keyPath: string
  readonly log: Log
  /** How often the files are looked at. */
  readonly everyMs?: number
}

/**
 * Certificate and key from PEM files, read again when they change or on SIGHUP. A pair that does not fit, as when one file is
 * written before the other, is left alone until it does. Fails with `invalid_input` when there is none to begin with.
 */
export function openTlsFiles({ certificatePath, keyPath, log, everyMs = 2_000 }: TlsFilesOptions): TlsFiles {
  const read = (): TlsPair => {
    const pair = { certificate: readFileSync(certificatePath), key: readFileSync(keyPath) }
    createSecureContext({ cert: pair.certificate, key: pair.key })
    return pair
  }
  let current = readFirst(read)
  const listeners: ((pair: TlsPair) => void)[] = []
  const reload = (): void => {
    try {
      const next = read()
      if (next.certificate.equals(current.certificate) && next.key.equals(current.key)) return
      current = next
      for (const listener of listeners) listener(next)
      log.info({ certificatePath }, 'a new certificate is in place')
    } catch (error) {
      log.warn({ certificatePath, error: messageOf(error) }, 'the new certificate cannot be used')
    }
  }
  for (const path of [certificatePath, keyPath])
    watchFile(path, { interval: everyMs, persistent: false }, reload)
  process.on('SIGHUP', reload)
  return {
    get current() {
      return current
    },
    onChange: (listener) => void listeners.push(listener),
    close: () => {
      for (const path of [certificatePath, keyPath]) unwatchFile(path, reload)
      process.off('SIGHUP', reload)
    },
  }
}

function readFirst(read: () => TlsPair): TlsPair {
  try {
    return read()
  } catch (error) {
    return fail('invalid_input', `The certificate and its key cannot be used: ${messageOf(error)}.`, {
      at: 'DEVMLOPS_TLS_CERTIFICATE',
      hint: 'DEVMLOPS_TLS_CERTIFICATE and DEVMLOPS_TLS_KEY name two PEM files that belong together.',
    })
  }
}
