import { setTimeout as sleep } from 'node:timers/promises'
import { startRun } from '#sdk/index'

/** A program that logs, and then ends in the way that its first word says; its second word is how many points. */
const [, , way = 'end', points = '5'] = process.argv
const run = await startRun({ name: way, params: { way } })
for (let step = 0; step < Number(points); step++) run.logMetric('loss', 1 / (step + 1), { step })
console.log(JSON.stringify({ runId: run.id }))

switch (way) {
  case 'end':
    await run.end()
    break
  case 'exit':
    process.exit(0)
    break
  case 'exit-3':
    process.exit(3)
    break
  case 'throw':
    throw new Error('the training broke')
  case 'own-listener':
    process.on('SIGTERM', () => process.exit(0))
    await sleep(60_000)
    break
  case 'signal':
    await sleep(60_000)
    break
  default:
    // Ends because nothing is left to do.
    break
}
