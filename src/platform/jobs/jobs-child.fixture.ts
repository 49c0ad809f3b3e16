import { systemClock } from '../clock.ts'
import { migrate, openDatabase } from '../database/index.ts'
import { silentLog } from '../log.ts'
import { createJobs, jobMigrations } from './index.ts'

/** A process that takes a job, says its id on standard output, and works until it is killed. */
const database = await openDatabase({ path: process.argv[2] ?? '' })
await migrate(database, jobMigrations, 0)
const jobs = createJobs({ database, clock: systemClock, log: silentLog })
jobs.register({
  kind: 'k',
  concurrency: 1,
  run: ({ job }) => {
    process.stdout.write(job.id)
    return new Promise(() => setInterval(() => undefined, 1000))
  },
})
await jobs.enqueue({ kind: 'k', key: 'a', payload: { rows: 3 }, actor: 'ada' })
await jobs.start()
