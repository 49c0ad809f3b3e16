import { ada, openWorkshop } from '../service.fixture.ts'

/** Adds whatever is new, as a process of its own, so that a test can kill it. */
const [, , directory = '', data = ''] = process.argv
await using workshop = await openWorkshop(data, { directory })
process.stdout.write('ready\n')
const { version } = await workshop.service.add('d', {}, ada)
process.stdout.write(`${JSON.stringify(version)}\n`)
