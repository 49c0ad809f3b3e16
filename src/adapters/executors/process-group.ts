import { readdirSync, readFileSync } from 'node:fs'
import type { ExecutorHandle } from '#lifecycle/pipelines/index'

export function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // Nothing of the group is left.
  }
}

/** Whether anything in the group still runs. A process that ended but was not collected yet does not count. */
export function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch {
    return false
  }
  const members = groupMembers(group)
  return members === undefined || members.some(({ state }) => state !== 'Z')
}

/** The same of one process. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return statOf(String(pid))?.state !== 'Z'
}

export function handleOf(pid: number): ExecutorHandle {
  const startedAt = statOf(String(pid))?.startedAt
  return { pid, boot: bootId(), ...(startedAt === undefined ? {} : { startedAt }) }
}

/** Process ids come round again, so the time of the start decides; where it cannot be known nothing is killed. */
export function isSameProcess({ pid, boot, startedAt }: ExecutorHandle): boolean {
  if (typeof pid !== 'number' || startedAt === undefined || boot !== bootId()) return false
  return statOf(String(pid))?.startedAt === startedAt
}

interface ProcessStat {
  readonly state: string
  readonly group: number
  /** In clock ticks since boot. */
  readonly startedAt: string
}

/** Undefined where there is no /proc. */
function groupMembers(group: number): ProcessStat[] | undefined {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(statOf)
      .filter((stat) => stat?.group === group)
      .filter((stat) => stat !== undefined)
  } catch {
    return undefined
  }
}

/** /proc/PID/stat (proc(5)): after the name, which may hold spaces and brackets, come state, parent, group; 22 is the start. */
function statOf(pid: string): ProcessStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', group: Number(fields[2]), startedAt: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
