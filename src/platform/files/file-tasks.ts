import { checkBlock } from './check-block.ts'
import { copyFileAside } from './copy-file-aside.ts'
import { cutFile } from './cut-file.ts'
import { storeSmallFiles } from './store-small-files.ts'
import { storeLargeFile } from './store-large-file.ts'
import { writeFiles } from './write-files.ts'

/** Everything that a thread can do, by name. */
export const fileTasks = { checkBlock, copyFileAside, cutFile, storeLargeFile, storeSmallFiles, writeFiles }

export type FileTasks = typeof fileTasks
