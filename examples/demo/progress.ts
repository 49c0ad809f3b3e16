import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectDirectory, say, style } from './shell.ts'

const file = join(dirname(projectDirectory), 'progress.json')
const done = new Map<string, unknown>(
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as [string, unknown][]) : [],
)

let chapterNumber = 0

export function chapter(title: string): void {
  chapterNumber += 1
  say(
    `\n${style(['bold', 'cyan'], `── ${chapterNumber}. ${title} ${'─'.repeat(Math.max(2, 92 - title.length))}`)}`,
  )
}

/**
 * Does a part of the story once. A demo that was killed goes on where it was: what is finished is kept, and a part that was
 * cut off is done again, which every command here can bear.
 */
export async function once<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  if (done.has(name)) {
    say(style('dim', `  ${name}: done before`))
    return done.get(name) as Result
  }
  const result = await work()
  done.set(name, result)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.new`, JSON.stringify([...done]))
  renameSync(`${file}.new`, file)
  return result
}
