import { DevmlopsError, errorTable, messageOf } from '#contract/errors'
import type { ErrorFigures } from '../../deployment/live.ts'

const longest = 20
const messageCharacters = 300

/** The newest kinds of errors: one entry for a code and a field, so that a flood of one kind hides no other. */
export class ErrorList {
  readonly #kinds = new Map<string, { -readonly [Field in keyof ErrorFigures]: ErrorFigures[Field] }>()

  add(error: unknown, time: number): void {
    const known = error instanceof DevmlopsError ? error : undefined
    const code = known?.code ?? 'internal'
    const kind = `${code} ${known?.at?.slice(0, 100) ?? ''}`
    const message = (known?.message ?? messageOf(error)).slice(0, messageCharacters)
    const present = this.#kinds.get(kind)
    this.#kinds.delete(kind)
    // Set again at the end: a map goes by when a key was set, so the first is the oldest.
    this.#kinds.set(kind, {
      status: errorTable[code].status,
      code,
      message,
      ...(known?.at === undefined ? {} : { at: known.at.slice(0, 100) }),
      count: (present?.count ?? 0) + 1,
      lastTime: time,
    })
    if (this.#kinds.size > longest) this.#kinds.delete(this.#kinds.keys().next().value ?? '')
  }

  get newestFirst(): readonly ErrorFigures[] {
    return [...this.#kinds.values()].toReversed()
  }
}
