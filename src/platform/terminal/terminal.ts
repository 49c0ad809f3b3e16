import { styleText } from 'node:util'
import type { Style } from './style.ts'
import { renderTable, type TableColumn } from './table.ts'

/** The one door to the terminal. Results go to standard output; progress, warnings and errors to standard error. */
export interface Terminal {
  /** Columns that fit; 100 when piped. */
  readonly width: number
  /** Whether a person watches: progress moves only then. */
  readonly interactive: boolean
  print(text: string): void
  /** One JSON document on standard output. */
  json(value: unknown): void
  table<Item>(items: readonly Item[], columns: readonly TableColumn<Item>[]): void
  note(text: string): void
  warn(text: string): void
  /** A line that is rewritten in place; quiet when nobody watches. */
  progress(text: string): void
  /** Removes the progress line. */
  clearProgress(): void
  style(text: string, style: Style | readonly Style[]): string
}

interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface TerminalOptions {
  readonly out: Output
  readonly err: Output
  /** `NO_COLOR` was set, or `--no-color`. */
  readonly color?: boolean
}

export function createTerminal({ out, err, color }: TerminalOptions): Terminal {
  // Both: a line that is styled for one may go to a file by the other.
  const colored = color ?? (out.isTTY === true && err.isTTY === true)
  const width = Math.max(40, out.columns ?? 100)
  const interactive = err.isTTY === true
  let progressShown = false

  const style = (text: string, styles: Style | readonly Style[]): string =>
    colored
      ? styleText(typeof styles === 'string' ? styles : [...styles], text, { validateStream: false })
      : text
  const clearProgress = (): void => {
    if (!progressShown) return
    err.write('\r\u001B[2K')
    progressShown = false
  }
  const print = (text: string): void => {
    clearProgress()
    out.write(`${text}\n`)
  }
  const note = (text: string): void => {
    clearProgress()
    err.write(`${text}\n`)
  }

  return {
    width,
    interactive,
    print,
    note,
    style,
    clearProgress,
    json: (value) => print(JSON.stringify(value, jsonValue, 2)),
    table: (items, columns) => print(renderTable(items, columns, { width, style })),
    warn: (text) => note(`${style('warning:', 'yellow')} ${text}`),
    progress: (text) => {
      if (!interactive) return
      err.write(`\r\u001B[2K${text.slice(0, (err.columns ?? 100) - 1)}`)
      progressShown = true
    },
  }
}

/** JSON has no integers beyond 2^53; they are written as text. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
