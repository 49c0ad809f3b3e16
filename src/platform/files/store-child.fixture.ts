import { migrate, openDatabase } from '../database/index.ts'
import { collect, openFilesFixture } from './files.fixture.ts'
import { fileMigrations } from './index.ts'

/** A process that stores files again and again, and says when it begins: to be killed in the middle of it. */
const [home = '', ...paths] = process.argv.slice(2)
const database = await openDatabase({ path: `${home}/store.db` })
await migrate(database, fileMigrations, 0)
const { files } = await openFilesFixture({ home, database })
process.stdout.write('storing')
await collect(files.store(paths.map((path) => ({ path, name: path }))))
process.stdout.write('stored')
