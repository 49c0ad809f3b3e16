import { acquireStoreLock } from './store-lock.ts'

/** A process that holds the store until it is killed. */
const lock = acquireStoreLock(process.argv[2] ?? '', 'run train')
process.stdout.write('held')
// Named in what goes on, or the collector would take the lock away with its last name.
setInterval(() => lock, 1000)
