export { openFiles, type OpenFileStore } from './create-file-store.ts'
export { changedWhileRead, unreadableFile } from './file-problems.ts'
export type {
  Damage,
  FileLayout,
  FileStore,
  FileToStore,
  Segment,
  StoredFile,
  StoreProgress,
} from './file-store.ts'
export { isPartialName, partialName } from './partial-name.ts'
export { fileMigrations } from './stored-files.ts'
