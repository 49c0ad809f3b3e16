import { constants, setPriority } from 'node:os'

/**
 * Lets the calling thread step back behind whoever answers: predictions and pages are waited for, training is not. On Linux
 * a priority belongs to a thread; elsewhere it would be the whole process's, so there nothing is done.
 */
export function workInBackground(): void {
  if (process.platform === 'linux') lower(0)
}

/** The same for a process that was started to work. */
export function lowerPriority(pid: number): void {
  lower(pid)
}

function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It is gone, or this machine does not let it: then it competes as before.
  }
}
