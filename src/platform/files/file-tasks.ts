import { checkBlock } from './check-block.ts'
import { digestBeside } from './digest-beside.ts'
import { keepFile } from './keep-file.ts'
import { storeSmallFiles } from './store-small-files.ts'
import { storeLargeFile } from './store-large-file.ts'
import { writeFiles } from './write-files.ts'

/** Everything that a thread can do, by name. */
export const fileTasks = { checkBlock, digestBeside, keepFile, storeLargeFile, storeSmallFiles, writeFiles }

export type FileTasks = typeof fileTasks
