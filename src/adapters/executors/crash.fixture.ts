import { createLocalProcessExecutor } from './local-process.ts'
import { finished, openStage } from '#lifecycle/pipelines/stage.fixture'

/**
 * A process that runs a pipeline of four steps and is meant to be killed while the third one hangs. Started again on the
 * same folder, it carries on; the third step ends once the file `go` is there.
 */
const [directory = ''] = process.argv.slice(2)
const stage = await openStage({
  directory,
  databasePath: `${directory}/store.db`,
  executor: createLocalProcessExecutor(),
  pipelines: `
p:
  steps:
    one: { run: 'echo one >> ran.txt; echo 1 > $DEVMLOPS_OUTPUT_NUMBER', outputs: [number] }
    two: { sql: 'SELECT 2 AS number', outputs: [table], needs: [one] }
    three:
      run: 'echo three >> ran.txt; sh -c "echo \\$\\$ > grandchild.pid; sleep 60 & wait" & [ -e go ] || wait; cp $DEVMLOPS_INPUT_NUMBER $DEVMLOPS_OUTPUT_COPY'
      inputs: { number: one.number, table: two.table }
      outputs: [copy]
    four: { run: 'echo four >> ran.txt', needs: [three] }
`,
})
await stage.service.recover()
const [unfinished] = await stage.service.runs({ limit: 1 })
const run =
  unfinished === undefined
    ? await stage.service.start(
        { pipeline: 'p', parameters: {}, force: false, only: [], trigger: { kind: 'manual' } },
        { name: 'ann' },
      )
    : await stage.service.get(unfinished.id)
const result = await finished(run, stage.service)
process.stdout.write(JSON.stringify(result))
await stage.close()
