import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { DevmlopsError } from '#contract/errors'
import { frameChunks, readFrames, type Frame } from './frames.ts'

export interface PythonWorkerOptions {
  readonly python: string
  /** Its working folder. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  readonly onEnd: (worker: PythonWorker, reason: string) => void
  /** What the model prints, line by line. */
  readonly onLine: (line: string) => void
}

interface Call {
  readonly resolve: (frame: Frame) => void
  readonly reject: (error: DevmlopsError) => void
  readonly timer: NodeJS.Timeout
}

/** The last lines that a process printed say why it ended. */
const keptLines = 12
const longestLine = 2000

/** Beside this file in a checkout and in the package. */
const script = join(import.meta.dirname, 'scoring_worker.py')

/**
 * One Python process with one model, and the one call that it works on. It leads a process group of its own, so that
 * whatever the model starts ends with it, and ends by itself when its standard input does.
 */
export class PythonWorker {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  #call: Call | undefined
  #ended: string | undefined
  /** Of its last answer. */
  residentBytes = 0
  calls = 0

  constructor(options: PythonWorkerOptions) {
    // -u: lines come when they are printed. -B: nothing is written beside the model's code.
    this.#child = spawn(options.python, ['-u', '-B', script], {
      cwd: options.directory,
      env: options.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child.stdin?.on('error', () => undefined)
    readFrames(
      this.#child.stdout as NonNullable<ChildProcess['stdout']>,
      (frame) => this.#settle(frame),
      () => this.kill(),
    )
    this.#readLines(options.onLine)
    this.#child.once('error', (error) => this.#end(options, error.message))
    this.#child.once('exit', (code, signal) => this.#end(options, signal ?? `exit code ${code}`))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  /** What it printed last, for whoever looks for the reason of a failure. */
  get lastLines(): string {
    return this.#lines.join('\n')
  }

  /** Fails with `timed_out` and kills the process, since nothing else ends a Python function. */
  call(header: object, parts: readonly Uint8Array[], timeoutMs: number): Promise<Frame> {
    if (this.#ended !== undefined) return Promise.reject(this.#failure(this.#ended))
    this.calls++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#call = undefined
        this.kill()
        reject(
          new DevmlopsError('timed_out', `The Python worker did not answer within ${timeoutMs / 1000} s.`),
        )
      }, timeoutMs)
      this.#call = { resolve, reject, timer }
      const stdin = this.#child.stdin as NonNullable<ChildProcess['stdin']>
      stdin.cork()
      for (const chunk of frameChunks(header, parts)) stdin.write(chunk)
      stdin.uncork()
    })
  }

  kill(): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // The group is gone.
    }
  }

  #settle(frame: Frame): void {
    const { residentBytes } = frame.header
    if (typeof residentBytes === 'number') this.residentBytes = residentBytes
    const call = this.#call
    this.#call = undefined
    if (call === undefined) return
    clearTimeout(call.timer)
    call.resolve(frame)
  }

  #end({ onEnd }: PythonWorkerOptions, reason: string): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    // What it started may outlive it.
    this.kill()
    const call = this.#call
    this.#call = undefined
    if (call !== undefined) {
      clearTimeout(call.timer)
      call.reject(this.#failure(reason))
    }
    onEnd(this, reason)
  }

  #failure(reason: string): DevmlopsError {
    return new DevmlopsError('not_ready', `The Python worker ended: ${reason}.`, {
      hint: 'It is being started again; send the request again.',
    })
  }

  #readLines(onLine: (line: string) => void): void {
    const decoder = new StringDecoder('utf8')
    let rest = ''
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = (lines.pop() ?? '').slice(0, longestLine)
      for (const line of lines) {
        const shown = line.slice(0, longestLine)
        this.#lines.push(shown)
        if (this.#lines.length > keptLines) this.#lines.shift()
        onLine(shown)
      }
    })
  }
}
