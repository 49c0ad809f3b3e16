import { ada, openWorkshop } from '../service.fixture.ts'

/** Adds a folder, or checks a version of it out, as a process of its own, so that a test can kill it. */
const [, , directory = '', data = '', version] = process.argv
await using workshop = await openWorkshop(data, { directory })
process.stdout.write('ready\n')
if (version === undefined) await workshop.service.add('images', {}, ada)
else {
  const input = { name: 'images', version: Number(version), only: [], force: false }
  await workshop.service.workspace.checkout(input, { caller: ada })
}
process.stdout.write('done\n')
