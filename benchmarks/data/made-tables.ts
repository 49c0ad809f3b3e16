import { dirname } from 'node:path'
import { quoteText, openTables } from '../../src/platform/tables/index.ts'

/** Twelve columns of an order, some with missing values; the same rows whenever it is called. */
export async function makeOrders(path: string, rows: number): Promise<void> {
  await make(
    path,
    `SELECT i AS id, (hash(i) % 500000)::BIGINT AS customer, round((hash(i * 7) % 100001) / 100.0, 2) AS amount,
       1 + (hash(i * 3) % 100)::INTEGER AS quantity,
       CASE WHEN hash(i * 5) % 10 = 0 THEN NULL ELSE (hash(i * 11) % 1000) / 1000.0 END AS discount,
       ['DE', 'FR', 'IT', 'ES', 'NL', 'PL', 'AT', 'BE'][1 + (hash(i * 13) % 8)::INTEGER] AS country,
       ['new', 'paid', 'sent', 'returned'][1 + (hash(i * 17) % 4)::INTEGER] AS status,
       'AB-' || lpad((hash(i * 19) % 1000000)::VARCHAR, 6, '0') AS code,
       TIMESTAMP '2026-01-01' + to_seconds(i) AS ordered_at, (hash(i * 23) % 1000000) / 1e6 AS score,
       (hash(i * 29) % 2 = 0) AS returned, 'item ' || (hash(i * 31) % 10000)::VARCHAR AS item
     FROM range(${rows}) orders(i)`,
  )
}

/** The same orders later: one in a hundred has another amount, one in a thousand is gone, as many are new. */
export async function makeLaterOrders(
  path: string,
  { from, rows }: { from: string; rows: number },
): Promise<void> {
  await make(
    path,
    `SELECT * REPLACE (CASE WHEN id % 1000 = 1 THEN id + ${rows} ELSE id END AS id,
       CASE WHEN id % 100 = 7 THEN amount + 1 ELSE amount END AS amount) FROM read_parquet(${quoteText(from)})`,
    [from],
  )
}

const second2026 = 31_536_000

/** Who is asked about and when: `customer`, `at`. */
export async function makeAsked(
  path: string,
  { rows, customers }: { rows: number; customers: number },
): Promise<void> {
  await make(
    path,
    `SELECT (hash(i * 3) % ${customers})::BIGINT AS customer,
       TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds((hash(i) % ${second2026})::BIGINT) AS "at"
     FROM range(${rows}) asked(i)`,
  )
}

/** What is known about customers: `customer`, `at`, `created` a minute later, `amount`. */
export async function makeKnown(
  path: string,
  { rows, customers }: { rows: number; customers: number },
): Promise<void> {
  await make(
    path,
    `SELECT customer, "at", "at" + to_seconds(60) AS created, amount FROM (
       SELECT (hash(i * 5) % ${customers})::BIGINT AS customer,
         TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds((hash(i * 7) % ${second2026})::BIGINT) AS "at",
         (hash(i * 11) % 1000) / 10.0 AS amount
       FROM range(${rows}) known(i))`,
  )
}

async function make(path: string, query: string, reads: readonly string[] = []): Promise<void> {
  const tables = await openTables({
    allowedDirectories: [dirname(path)],
    allowedPaths: reads,
    temporaryDirectory: `${dirname(path)}/tmp`,
  })
  try {
    await tables.run(`COPY (${query}) TO ${quoteText(path)} (FORMAT parquet)`)
  } finally {
    tables.close()
  }
}
