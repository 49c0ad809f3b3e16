import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { weeksBetween, type Flight, type Week } from './flights.ts'
import { chapter, once } from './progress.ts'
import { startServer } from './server.ts'
import { ask, devmlops, projectDirectory, say, style } from './shell.ts'
import { post, replay, steadyTraffic } from './traffic.ts'

const deployment = 'flight-delays'
const startedAt = performance.now()
const milesToKilometres = 1.609344

interface DeploymentView {
  readonly name: string
  readonly variants: readonly { readonly name: string; readonly version: number; readonly weight: number }[]
  readonly live?: { readonly url: string }
}

say(style('bold', 'DevMLOps: the whole loop on three million real flights'))
say(
  'Will a flight be more than 15 minutes late? Every line after a $ is a command that you can run yourself.',
)

chapter('A project')
mkdirSync(dirname(projectDirectory), { recursive: true })
await once('project', async () => {
  if (!existsSync(join(projectDirectory, 'devmlops.yaml'))) await initProject()
  commitProject()
})
const server = await startServer()
process.once('uncaughtException', (error: Error) => {
  say(`\n${style('red', 'The demo stopped:')} ${error.message}`)
  say('Run the same command again: it goes on where it was.')
  void server.stop().then(() => process.exit(1))
})
say(`  The server and the web page are at ${style('cyan', server.url)}`)

chapter('Months arrive as data')
for (const month of ['2001-01', '2001-02', '2001-03']) await once(`arrival of ${month}`, () => arrive(month))
await once('a faulty file is refused', refuseFaultyFile)
await once('the diff of two versions', () =>
  devmlops(['data', 'diff', 'flights', '1', '3']).then(() => undefined),
)

chapter('Train on January and February, evaluate on March')
await once('the first training', async () => void (await devmlops(['run', 'train'])))
await once(
  'the first version',
  async () => void (await devmlops(['models', 'show', `${deployment}@champion`])),
)

chapter('Deploy')
await once('deployment', async () => void (await devmlops(['deploy', deployment])))
const url = await endpointUrl()
await once('one prediction', async () => {
  await devmlops([
    'predict',
    deployment,
    'hour=18',
    'weekday=Mon',
    'distance=719',
    'origin=ORD',
    'destination=EWR',
    '--event-time',
    '2001-04-02T18:00:00Z',
  ])
})
await once('a malformed request', () => refuseMalformedRequest(url))

chapter('April: an upstream sends the distance in kilometres')
const weeks = await weeksBetween('2001-04-02', '2001-06-25')
say('  Real flights as HTTP requests; labels come when the month is over.')
weekHeader()
for (const week of weeks.filter(isIn('2001-04-02', '2001-04-30')))
  await replayWeek(week, { kilometres: true })
await once('the drift alert', async () => void (await devmlops(['monitor', 'alerts'])))
await once('arrival of 2001-04', () => arrive('2001-04'))
await once('labels of April', () => sendLabels('2001-04', weeks.filter(isIn('2001-04-02', '2001-04-30'))))

chapter('May: the upstream is mended, and the world has changed')
weekHeader()
for (const week of weeks.filter(isIn('2001-04-30', '2001-05-28')))
  await replayWeek(week, { kilometres: false })
await once('arrival of 2001-05', () => arrive('2001-05'))
await once('labels of May', () => sendLabels('2001-05', weeks.filter(isIn('2001-04-30', '2001-05-28'))))

chapter('The alert trains a successor on newer data, and it takes a canary share')
await once('the alerts', async () => void (await devmlops(['monitor', 'alerts'])))
await once('the retraining', followRetraining)
weekHeader()
for (const week of weeks.filter(isIn('2001-05-28', '2001-06-25')))
  await replayWeek(week, { kilometres: false })
await once('arrival of 2001-06', () => arrive('2001-06'))
await once('promotion under traffic', promoteUnderTraffic)
await once('rollback under traffic', rollBackUnderTraffic)

chapter('Summary')
await summary()
await server.stop()

async function initProject(): Promise<void> {
  say(`\n${style('dim', '$')} ${style('bold', 'devmlops init .demo/flight-delays --example flight-delays')}`)
  mkdirSync(projectDirectory, { recursive: true })
  await devmlops(['init', '.', '--example', 'flight-delays'], { quiet: true })
  say(
    '  devmlops.yaml, sql/prepare.sql and six months of flights; a month arrives by being copied into incoming/',
  )
}

/** Lineage names the commit of the code, so the project is a Git repository of its own. */
function commitProject(): void {
  const git = (...words: string[]): void => {
    const author = {
      GIT_AUTHOR_NAME: 'demo',
      GIT_AUTHOR_EMAIL: 'demo@example.com',
      GIT_COMMITTER_NAME: 'demo',
      GIT_COMMITTER_EMAIL: 'demo@example.com',
    }
    execFileSync('git', words, { cwd: projectDirectory, stdio: 'ignore', env: { ...process.env, ...author } })
  }
  if (existsSync(join(projectDirectory, '.git'))) return
  git('init', '-q')
  git('add', '-A')
  git('commit', '-q', '-m', 'Predict flight delays')
}

async function arrive(month: string): Promise<void> {
  const file = `${month}.parquet`
  say(`\n${style('dim', '$')} ${style('bold', `cp months/${file} incoming/`)}`)
  copyFileSync(join(projectDirectory, 'months', file), join(projectDirectory, 'incoming', file))
  await devmlops(['data', 'add', 'flights'])
}

/** Half a Parquet file, as an interrupted upload leaves it. */
async function refuseFaultyFile(): Promise<void> {
  const { readFileSync, rmSync } = await import('node:fs')
  const bytes = readFileSync(join(projectDirectory, 'months', '2001-04.parquet'))
  const faulty = join(projectDirectory, 'incoming', 'interrupted.parquet')
  writeFileSync(faulty, bytes.subarray(0, bytes.length / 2))
  say('\nHalf of a file arrives, as an interrupted upload leaves it:')
  await devmlops(['data', 'add', 'flights'], { expect: 6 })
  rmSync(faulty)
}

async function endpointUrl(): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const found = (await ask<DeploymentView[]>(['deployments'])).find(({ name }) => name === deployment)
    if (found?.live !== undefined) return found.live.url
    await sleep(100)
  }
  throw new Error('The endpoint does not answer.')
}

async function refuseMalformedRequest(endpoint: string): Promise<void> {
  const row = { hour: 18, weekday: 'Fri', distance: 'far', origin: 'ORD', destination: 'EWR' }
  say(
    `\n${style('dim', '$')} ${style('bold', `curl -d '${JSON.stringify({ rows: [row] })}' ${endpoint}/deployments/${deployment}/predict`)}`,
  )
  const { status, body } = await post(undefined, `${endpoint}/deployments/${deployment}/predict`, {
    rows: [row],
  })
  say(`  HTTP ${status} ${JSON.stringify(body)}`)
  if (status !== 400) throw new Error('A malformed request was not refused.')
}

function isIn(from: string, to: string): (week: Week) => boolean {
  return ({ start }) => start >= from && start < to
}

function weekHeader(): void {
  say(
    style(
      'bold',
      '\n  WEEK OF     REQUESTS  FAILED  MEAN SCORE  LATE RATE  ANSWERED BY           MONITORING',
    ),
  )
}

async function replayWeek(week: Week, { kilometres }: { kilometres: boolean }): Promise<void> {
  await once(`week of ${week.start}`, async () => {
    const result = await replay(url, week.flights, (inputs) =>
      kilometres ? { ...inputs, distance: Math.round(inputs.distance * milesToKilometres) } : inputs,
    )
    if (result.failed > 0) throw new Error(`${result.failed} requests failed in the week of ${week.start}`)
    const found = await check()
    const versions = Object.entries(result.byVersion)
      .map(([version, count]) => `${version} ${count}`)
      .join(', ')
    say(
      `  ${week.start}  ${String(result.sent).padStart(8)}  ${String(result.failed).padStart(6)}  ${result.meanScore.toFixed(3).padStart(10)}  ` +
        `${result.lateRate.toFixed(3).padStart(9)}  ${versions.padEnd(20)}  ${found}`,
    )
  })
}

interface Alert {
  readonly state: string
  readonly kind: string
  readonly subject: string
}

/** What `devmlops monitor run` and `monitor alerts` would say, asked through the API, since it is asked every week. */
async function check(): Promise<string> {
  await post(undefined, `${server.url}/api/v1/monitors/${deployment}/check`, {})
  const answer = await fetch(`${server.url}/api/v1/alerts`)
  const { items } = (await answer.json()) as { items: Alert[] }
  return items
    .map(({ state, kind, subject }) =>
      style(state === 'firing' ? 'red' : 'yellow', `${state}: ${kind} of ${subject}`),
    )
    .join('; ')
}

async function sendLabels(month: string, labelled: readonly Week[]): Promise<void> {
  const file = join(projectDirectory, 'labels', `${month}.csv`)
  mkdirSync(dirname(file), { recursive: true })
  const lines = labelled.flatMap(({ flights }) => flights.map(({ id, late }: Flight) => `${id},${late}`))
  writeFileSync(file, `id,label\n${lines.join('\n')}\n`)
  await devmlops(['feedback', deployment, '--file', `labels/${month}.csv`])
  await devmlops(['monitor', 'run', deployment])
}

interface PipelineRun {
  readonly id: string
  readonly state: string
  readonly trigger: { readonly kind: string; readonly reason?: string }
}

async function followRetraining(): Promise<void> {
  for (;;) {
    const runs = await ask<PipelineRun[] | { items: PipelineRun[] }>(['pipelines', 'runs'])
    const run = (Array.isArray(runs) ? runs : runs.items).find(({ trigger }) => trigger.kind === 'alert')
    if (run === undefined) throw new Error('No alert started a training.')
    if (run.state === 'succeeded') {
      say(`\n  Started by itself: ${run.trigger.reason ?? ''}`)
      break
    }
    if (run.state === 'failed' || run.state === 'cancelled') throw new Error(`The retraining ${run.state}.`)
    await sleep(500)
  }
  await devmlops(['models', 'show', `${deployment}@challenger`])
  await devmlops(['deployments'])
}

async function promoteUnderTraffic(): Promise<void> {
  const june = weeks.filter(isIn('2001-05-28', '2001-06-25'))
  const traffic = steadyTraffic(url, june[june.length - 1]?.flights ?? [])
  await sendLabels('2001-06', june)
  await waitForChampion(2)
  await sleep(500)
  const { sent, failed, byVersion } = await traffic.stop()
  say(`  ${sent} requests while the successor was promoted, ${failed} failed: ${JSON.stringify(byVersion)}`)
  if (failed > 0) throw new Error('Requests failed during the promotion.')
  await devmlops(['deployments'])
}

async function rollBackUnderTraffic(): Promise<void> {
  const flights = weeks[weeks.length - 1]?.flights ?? []
  if ((await championVersion()) === 2) {
    const traffic = steadyTraffic(url, flights)
    await devmlops(['rollback', deployment, '--reason', 'to show that it can be done'])
    await waitForChampion(1)
    const { sent, failed } = await traffic.stop()
    say(`  ${sent} requests meanwhile, ${failed} failed`)
    if (failed > 0) throw new Error('Requests failed during the rollback.')
  }
  await devmlops([
    'models',
    'promote',
    deployment,
    '2',
    '--alias',
    'champion',
    '--reason',
    'it won its canary',
  ])
  await waitForChampion(2)
}

async function championVersion(): Promise<number | undefined> {
  const found = (await ask<DeploymentView[]>(['deployments'])).find(({ name }) => name === deployment)
  return found?.variants.find(({ name }) => name === 'champion')?.version
}

async function waitForChampion(version: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if ((await championVersion()) === version) return
    await sleep(100)
  }
  throw new Error(`Version ${version} did not become champion.`)
}

async function summary(): Promise<void> {
  const [prediction] = await ask<{ id: string }[]>(['predictions', deployment, '--limit', '1'])
  await devmlops(['monitor', 'show', deployment])
  await devmlops(['runs', 'list'])
  const id = prediction?.id ?? ''
  await devmlops(['trace', id])
  const seconds = (performance.now() - startedAt) / 1000
  say(
    `\nThe loop is closed: 6 arrivals, 2 trainings, ${weeks.length} weeks of traffic, 1 successor, in ${seconds.toFixed(0)} s.`,
  )
  say(`\n${style('bold', 'Look closer')} (in .demo/flight-delays, or with --project .demo/flight-delays)`)
  for (const [line, what] of [
    ['npm start', 'the server and the web page on what is here now: http://127.0.0.1:5000'],
    ['bin/devmlops run train --why --dry-run', 'what June, which has arrived since, would run again'],
    ['bin/devmlops runs list', 'every candidate with its metrics'],
    ['bin/devmlops models show flight-delays@champion', 'gates, slices, lineage'],
    ['bin/devmlops monitor show flight-delays', 'drift and realized performance, window by window'],
    [`bin/devmlops trace ${id}`, 'one prediction, back to data, code and parameters'],
    ['bin/devmlops rollback flight-delays', 'the version before, in one command'],
    ['bin/devmlops audit', 'who changed what'],
  ] as const) {
    say(`  ${style('cyan', line.padEnd(52))} ${what}`)
  }
}
