import { acquireStoreLock } from './store-lock.ts'

/** A process that holds the store until it is killed. */
acquireStoreLock(process.argv[2] ?? '', 'run train')
process.stdout.write('held')
setInterval(() => undefined, 1000)
