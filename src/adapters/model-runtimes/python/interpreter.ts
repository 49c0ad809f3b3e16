import { execFile } from 'node:child_process'
import { fail } from '#contract/errors'

export interface Interpreter {
  /** What was asked for: a path, or a name that the search path knows. */
  readonly name: string
  /** The program behind it: `python3` may be a script that looks for one. */
  readonly command: string
  /** Such as `3.11.7`. */
  readonly version: string
}

const lookTimeoutMs = 15_000

/** Asks a program whether it is Python, and which one. Undefined when it is none or does not start. */
export async function askInterpreter(
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<Interpreter | undefined> {
  return new Promise((resolve) => {
    const source = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); print(sys.executable)'
    execFile(
      name,
      ['-I', '-c', source],
      { timeout: lookTimeoutMs, env: { ...environment } },
      (error, output) => {
        const [version = '', command = ''] = output.trim().split(/\r?\n/)
        const isPython = error === null && /^\d+\.\d+\.\d+$/.test(version) && command !== ''
        resolve(isPython ? { name, command, version } : undefined)
      },
    )
  })
}

export interface InterpreterRequest {
  /** What the configuration names; undefined: whatever this machine calls Python. */
  readonly configured: string | undefined
  /** Of the Python that logged the model, such as `3.11.7`; undefined when it does not say. */
  readonly version: string | undefined
  readonly label: string
  readonly environment: Readonly<Record<string, string>>
}

/** A Python of the model's version, or `not_ready` with what was found. Patch versions may differ: pickles do not mind. */
export async function findInterpreter(request: InterpreterRequest): Promise<Interpreter> {
  const { configured, version, label, environment } = request
  // It becomes part of a program's name, and comes from a file that anybody may have written.
  const wanted = version !== undefined && /^\d+\.\d+(\.|$)/.test(version) ? minorOf(version) : undefined
  const names =
    configured === undefined
      ? [...(wanted === undefined ? [] : [`python${wanted}`]), 'python3', 'python']
      : [configured]
  const found: Interpreter[] = []
  for (const name of names) {
    const interpreter = await askInterpreter(name, environment)
    if (interpreter === undefined) continue
    if (wanted === undefined || minorOf(interpreter.version) === wanted) return interpreter
    found.push(interpreter)
  }
  const described = found.map((one) => `${one.name} is ${one.version}`).join(', ')
  if (configured !== undefined && found.length === 0) {
    return fail(
      'not_ready',
      `${label} needs Python, and DEVMLOPS_PYTHON (${configured}) does not start as one.`,
      {
        hint: `Point DEVMLOPS_PYTHON to a Python${wanted === undefined ? '' : ` ${wanted}`}.`,
      },
    )
  }
  return fail(
    'not_ready',
    found.length === 0
      ? `${label} needs Python${wanted === undefined ? '' : ` ${wanted}`}, and this machine has none.`
      : `${label} was logged with Python ${wanted}, and this machine has another: ${described}.`,
    { hint: `Install Python${wanted === undefined ? '' : ` ${wanted}`}, or point DEVMLOPS_PYTHON to it.` },
  )
}

export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}
