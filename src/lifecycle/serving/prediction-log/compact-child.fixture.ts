import { systemClock } from '#platform/clock'
import { compactLog } from './compact-log.ts'
import { mergeColumnar } from './merge-columnar.ts'
import { signature } from './prediction-log.fixture.ts'

/** A process to kill. */
const [directory = ''] = process.argv.slice(2)
process.send?.('begin')
await compactLog({ directory, signatureOf: () => Promise.resolve(signature), clock: systemClock })
await mergeColumnar(directory)
