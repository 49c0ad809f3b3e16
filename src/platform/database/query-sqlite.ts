import { existsSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { fail, type DevmlopsError } from '#contract/errors'
import { explainQueryFailure } from './query-failure.ts'
import { pageRows, requireDistinctNames, withoutSemicolon, wrapped } from './query-text.ts'
import type { QueryColumn, QueryLocation, QueryRequest, QueryRows, TextRow } from './source-query.ts'

type Location = Extract<QueryLocation, { path: string }>

/** What the values of a column were: SQLite lets every cell be of another type. */
interface Seen {
  integers: number
  largeIntegers: number
  reals: number
  texts: number
  blobs: number
  isTruth: boolean
}

export async function querySqlite(location: Location, request: QueryRequest): Promise<QueryRows> {
  const { name, path } = location
  if (!existsSync(path)) fail('not_found', `There is no file ${name}.`, { hint: 'Check `path`.', at: name })
  const { timeoutMs } = request
  const deadline = performance.now() + timeoutMs
  const explained = (error: unknown, timedOut = false): DevmlopsError =>
    explainQueryFailure(error, { name, secret: undefined, timeoutMs, timedOut })
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: Math.min(timeoutMs, 10_000) })
    database.exec('PRAGMA query_only = ON')
    const statement = database.prepare(
      wrapped(request, { quote: (column) => `"${column.replaceAll('"', '""')}"`, placeholder: '?' }),
    )
    // Beyond 2^53 a number would be wrong without a word.
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    const described = statement.columns()
    const names = described.map((column) => column.name)
    // Inside of another SELECT the second of two equal names is given another one.
    const bare = database.prepare(withoutSemicolon(request.query)).columns()
    requireDistinctNames(
      bare.map((column) => column.name),
      name,
    )
    const parameters = request.from === undefined ? [] : [boundOf(request.from.value)]
    const seen = names.map((): Seen => ({
      integers: 0,
      largeIntegers: 0,
      reals: 0,
      texts: 0,
      blobs: 0,
      isTruth: true,
    }))
    const open = database
    return {
      names,
      columns: () =>
        seen.map((one, index) =>
          columnOf(names[index] ?? '', one, described[index]?.type?.toUpperCase() ?? ''),
        ),
      warnings: () => seen.flatMap((one, index) => mixtures(names[index] ?? '', one)),
      pages: async function* () {
        let page: TextRow[] = []
        try {
          for (const row of statement.iterate(...parameters)) {
            page.push(
              (row as unknown as readonly unknown[]).map((cell, index) => textOf(cell, seen[index] as Seen)),
            )
            if (page.length < pageRows) continue
            yield page
            page = []
            // The driver is synchronous: whoever waits gets a turn between pages.
            await turn()
            request.signal?.throwIfAborted()
            if (performance.now() > deadline) throw explained(new Error('timed out'), true)
          }
        } catch (error) {
          throw explained(error)
        }
        if (page.length > 0) yield page
      },
      [Symbol.asyncDispose]: async () => {
        if (open.isOpen) open.close()
      },
    }
  } catch (error) {
    if (database?.isOpen === true) database.close()
    throw explained(error)
  }
}

/** A number is compared with numbers: in SQLite every text is greater than any number. */
function boundOf(value: string): string | bigint | number {
  if (/^-?\d+$/.test(value)) return BigInt(value)
  return /^-?\d+\.\d+(?:e[+-]?\d+)?$/i.test(value) ? Number(value) : value
}

function textOf(cell: unknown, seen: Seen): string | null {
  if (cell === null) return null
  if (typeof cell === 'bigint') {
    seen.integers++
    if (cell > 9_007_199_254_740_992n || cell < -9_007_199_254_740_992n) seen.largeIntegers++
    if (cell !== 0n && cell !== 1n) seen.isTruth = false
    return cell.toString()
  }
  seen.isTruth = false
  if (typeof cell === 'number') {
    seen.reals++
    return String(cell)
  }
  if (typeof cell === 'string') {
    seen.texts++
    return cell
  }
  seen.blobs++
  return Buffer.from(cell as Uint8Array).toString('hex')
}

function columnOf(name: string, seen: Seen, declared: string): QueryColumn {
  const { integers, reals, texts, blobs, isTruth } = seen
  if (integers + reals + texts + blobs === 0) return emptyColumn(name, declared)
  if (blobs > 0 && integers + reals + texts === 0) return { name, sqlType: 'BLOB', form: 'hexadecimal' }
  if (texts > 0 || blobs > 0) {
    const isTime = blobs === 0 && integers + reals === 0 && /DATE|TIME/.test(declared)
    return {
      name,
      sqlType: 'VARCHAR',
      form: 'text',
      candidates: isTime ? (/TIME/.test(declared) ? ['timestamp'] : ['date', 'timestamp']) : undefined,
    }
  }
  if (reals > 0) return { name, sqlType: 'DOUBLE', form: 'text' }
  return { name, sqlType: isTruth && declared.startsWith('BOOL') ? 'BOOLEAN' : 'BIGINT', form: 'text' }
}

/** Without a value the declaration decides, so that the column does not change its type with the first one. */
function emptyColumn(name: string, declared: string): QueryColumn {
  const text = { name, form: 'text' } as const
  if (declared.startsWith('BOOL')) return { ...text, sqlType: 'BOOLEAN' }
  if (declared.includes('INT')) return { ...text, sqlType: 'BIGINT' }
  if (/REAL|FLOA|DOUB|NUM|DEC/.test(declared)) return { ...text, sqlType: 'DOUBLE' }
  if (declared.includes('BLOB')) return { name, sqlType: 'BLOB', form: 'hexadecimal' }
  if (declared.includes('TIME')) return { ...text, sqlType: 'TIMESTAMP' }
  return { ...text, sqlType: declared.includes('DATE') ? 'DATE' : 'VARCHAR' }
}

function mixtures(name: string, { integers, largeIntegers, reals, texts, blobs }: Seen): string[] {
  const kinds = [
    [integers + reals, 'numbers'],
    [texts, 'text'],
    [blobs, 'bytes'],
  ].filter(([count]) => Number(count) > 0)
  if (kinds.length > 1) {
    const told = kinds.map(([count, kind]) => `${count} ${kind}`).join(', ')
    return [`column "${name}" mixes ${told}; all are read as text`]
  }
  if (reals > 0 && largeIntegers > 0) {
    return [`column "${name}": ${largeIntegers} whole numbers beyond 2^53 are rounded beside its decimals`]
  }
  return []
}
