import { readdirSync, readFileSync } from 'node:fs'

/** The process and all that it has started, by their ids (Linux). */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = fieldOf(entry, 'PPid')
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const found: number[] = []
  const look = (pid: number): void => {
    found.push(pid)
    for (const child of children.get(pid) ?? []) look(child)
  }
  look(root)
  return found
}

/** Resident memory of all processes of the tree, in MB. */
export function residentMb(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + (fieldOf(String(pid), 'VmRSS') ?? 0) / 1000, 0)
}

/** Processor time of the tree so far, user and system, in milliseconds. */
export function processorMs(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + ticksOf(pid) * 10, 0)
}

/** utime and stime, the 14th and 15th field, in hundredths of a second (proc_pid_stat(5)). */
function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return 0
  }
}

function fieldOf(pid: string, name: string): number | undefined {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return found === null ? undefined : Number(found[1])
  } catch {
    return undefined
  }
}

/** The most that the tree has at once while something is going on. */
export async function peakMb<Result>(
  root: number,
  work: () => Promise<Result>,
): Promise<{ peak: number; result: Result }> {
  let peak = residentMb(root)
  const look = setInterval(() => (peak = Math.max(peak, residentMb(root))), 25)
  try {
    const result = await work()
    return { peak: Math.max(peak, residentMb(root)), result }
  } finally {
    clearInterval(look)
  }
}
