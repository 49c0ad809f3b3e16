import { DevmlopsError, messageOf } from '#contract/errors'

/** What a person can do about an error of the operating system; every other error is passed on as it is. */
export function explainSystemError(error: unknown): unknown {
  if (error instanceof DevmlopsError || !(error instanceof Error)) return error
  const { code, path, syscall } = error as NodeJS.ErrnoException
  const place = path === undefined ? '' : ` ${path}`
  const cause = { cause: error }
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new DevmlopsError('storage_full', `The disk is full${place === '' ? '' : `, at${place}`}.`, {
        hint: 'Free space, then run the command again. What is stored is unharmed.',
        ...cause,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new DevmlopsError('permission_denied', `This user may not ${syscall ?? 'use'}${place}.`, {
        hint: 'Check who owns it and whether its disk is mounted read-only.',
        ...cause,
      })
    case 'ENOENT':
      return new DevmlopsError('not_found', `There is no file or folder${place}.`, cause)
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
      return new DevmlopsError('conflict', `${messageOf(error)}.`, cause)
    case 'EMFILE':
    case 'ENFILE':
      return new DevmlopsError('rate_limited', 'Too many files are open at once.', {
        hint: 'Raise the limit of open files (`ulimit -n`).',
        ...cause,
      })
    default:
      return error
  }
}
