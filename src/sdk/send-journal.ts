import { readEnvironment } from './environment.ts'
import { openJournal } from './journal.ts'
import { flushJournals } from './flush-journals.ts'

/** The program that a process starts when it exits: sends one journal, and tries it once. What cannot be sent stays. */
const only = await openJournal(process.argv[2] ?? '')
const { token } = readEnvironment()
await flushJournals({ journal: only.folder, only, ...(token === undefined ? {} : { token }) })
