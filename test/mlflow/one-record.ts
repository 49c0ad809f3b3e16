import assert from 'node:assert/strict'
import { connect } from '#sdk/index'
import { ask, type ServerProcess } from '../program.fixture.ts'

/** A project whose pipeline makes runs of its own, and runs a script that logs with MLflow. */
export function projectOf(python: string, script: string): string {
  return `project: mlflow
pipelines:
  fit:
    steps:
      rows: { sql: 'SELECT i % 24 AS hour, (i % 24 > 12) = (i % 7 > 0) AS late FROM range(500) AS t(i)', outputs: [rows] }
      train:
        train:
          data: rows.rows
          label: late
          features: { hour: number }
          candidates: [{ name: by the pipeline, trainer: logistic-regression }]
      script: { run: ['${python}', '${script}'] }
`
}

/** Makes runs in four ways, and sees that each door shows each of them once. */
export async function checkOneRecord(
  { directory, server, journal }: { directory: string; server: ServerProcess; journal: string },
  script: () => Promise<string>,
): Promise<void> {
  await ask(directory, ['run', 'fit'])
  const devmlops = connect({ url: server.url, journal })
  const run = await devmlops.startRun({ name: 'by the SDK', params: { depth: 6 } })
  await run.end()
  const [, list = ''] = /^runs: (.*)$/m.exec(await script()) ?? assert.fail('the script lists no runs')
  const byMlflow = JSON.parse(list) as [string, string][]

  const bySdk: [string, string][] = []
  for await (const { id, name } of devmlops.searchRuns()) bySdk.push([id, name])
  const onCommandLine = await ask<{ id: string; name: string }[]>(directory, ['runs', '--limit', '1000'])
  assert.deepEqual(sorted(byMlflow), sorted(bySdk))
  assert.deepEqual(sorted(bySdk), sorted(onCommandLine.map(({ id, name }) => [id, name])))
  const names = bySdk.map(([, name]) => name).sort()
  assert.deepEqual(names, ['by MLflow', 'by MLflow', 'by the SDK', 'by the pipeline'])
}

function sorted(runs: readonly (readonly [string, string])[]): string[] {
  return runs.map(([id, name]) => `${id} ${name}`).sort()
}
