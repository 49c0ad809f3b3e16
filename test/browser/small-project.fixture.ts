import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, httpTransport } from '#contract/client'
import { startServer } from '../../src/composition/start-server.ts'
import { dataContract } from '#lifecycle/data/contract'
import { pipelinesContract } from '#lifecycle/pipelines/contract'
import { servingContract } from '#lifecycle/serving/contract'
import { createRandom } from '#platform/random'

const projectFile = `project: small-loop

data:
  trips:
    description: One row is one trip. \`late\` is what the model learns.
    source: { files: incoming/*.csv }
    mode: append
    time: date
    expectations:
      - not_null: [date, late, distance]
      - between: { column: distance, minimum: 1, maximum: 5000 }

pipelines:
  train:
    parameters: { holdout_days: 20 }
    steps:
      prepare: { sql: prepare.sql, inputs: { trips: data.trips }, outputs: [training, holdout] }
      train:
        train:
          data: prepare.training
          label: late
          features: { hour: number, distance: number, origin: category }
          seed: 7
          candidates:
            - { name: baseline, trainer: majority }
            - { name: linear, trainer: logistic-regression }
      evaluate:
        evaluate: { candidates: train, data: prepare.holdout, model: trips }
      register:
        register: { evaluation: evaluate, model: trips }

models:
  trips:
    description: Probability that a trip ends late.
    task: binary
    select_by: log_loss
    slices: [{ by: origin, min_rows: 50 }]
    gates:
      - { metric: roc_auc, at_least: 0.55 }
      - { metric: log_loss, better_than: baseline }

deployments:
  trips: { model: trips@champion }

monitors:
  trips: { window: 7d }
`

const prepareSql = `CREATE TABLE training AS SELECT * EXCLUDE (date) FROM trips
WHERE date < (SELECT max(date) FROM trips) - to_days(CAST($holdout_days AS INTEGER));
CREATE TABLE holdout AS SELECT * FROM trips
WHERE date >= (SELECT max(date) FROM trips) - to_days(CAST($holdout_days AS INTEGER));
`

/** A month of trips that are later the later the hour; two months hold what a small model can find. */
export function monthOfTrips(month: number): string {
  const random = createRandom(month)
  const lines = ['date,hour,distance,origin,late']
  for (let row = 0; row < 1500; row++) {
    const date = `2024-${String(month).padStart(2, '0')}-${String((row % 28) + 1).padStart(2, '0')}`
    const hour = Math.floor(random.uniform() * 24)
    const distance = 50 + Math.floor(random.uniform() * 1500)
    const origin = ['OSL', 'BGO', 'TRD'][Math.floor(random.uniform() * 3)] ?? 'OSL'
    const late = random.uniform() < 0.1 + hour / 40 ? 1 : 0
    lines.push([date, hour, distance, origin, late].join(','))
  }
  return `${lines.join('\n')}\n`
}

/** A real server on a small project of its own: nothing in it yet. */
export async function startSmallProject() {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-page-'))
  mkdirSync(join(directory, 'incoming'))
  writeFileSync(join(directory, 'devmlops.yaml'), projectFile)
  writeFileSync(join(directory, 'prepare.sql'), prepareSql)
  const server = await startServer({ directory, port: 0, servingPort: 0 })
  const transport = httpTransport({ url: server.url })
  const data = createClient(dataContract, transport)
  const pipelines = createClient(pipelinesContract, transport)
  const serving = createClient(servingContract, transport)
  return {
    url: server.url,
    addMonth: async (month: number) => {
      writeFileSync(
        join(directory, 'incoming', `2024-${String(month).padStart(2, '0')}.csv`),
        monthOfTrips(month),
      )
      return data.add({ name: 'trips' })
    },
    addBrokenFile: async () => {
      writeFileSync(
        join(directory, 'incoming', 'broken.csv'),
        'date,hour,distance,origin,late\n2024-04-01,3,,OSL,1\n',
      )
      // The answer is a refusal; the page has to show it.
      await data.add({ name: 'trips' }).catch(() => undefined)
      rmSync(join(directory, 'incoming', 'broken.csv'))
    },
    train: async (): Promise<string> => {
      let run = await pipelines.start({ pipeline: 'train' })
      while (run.state === 'queued' || run.state === 'running') {
        run = await pipelines.run({ runId: run.id, sinceRevision: run.revision, waitMs: 5000 })
      }
      if (run.state !== 'succeeded')
        throw new Error(`the pipeline ${run.state}: ${JSON.stringify(run.failure)}`)
      return run.id
    },
    deploy: () => serving.deploy({ name: 'trips', reason: 'first' }),
    tryVersion: (version: number, share: number) =>
      serving.startCanary({ name: 'trips', version, share, reason: 'it has learned from more' }),
    /** Where the endpoints answer. */
    servingUrl: async (): Promise<string> => (await serving.list({})).servingUrl ?? '',
    close: async () => {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export type SmallProject = Awaited<ReturnType<typeof startSmallProject>>
