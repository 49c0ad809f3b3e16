import { styleText } from 'node:util'
import type { ProjectIssue } from './contract.ts'
import { pathText } from './wording.ts'

export interface RenderOptions {
  readonly color: boolean
  /** How many more mistakes there are than those given. */
  readonly omitted?: number
}

/** Columns of the file that are shown; a longer line is cut around the caret. */
const shownColumns = 100

/** Issues as text for a terminal: place and message, three lines of the file with a caret, and the hint. */
export function renderIssues(issues: readonly ProjectIssue[], { color, omitted = 0 }: RenderOptions): string {
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    color ? styleText(format, text, { validateStream: false }) : text
  const blocks = issues.map((issue) => renderIssue(issue, style))
  if (omitted > 0) blocks.push(`… and ${omitted} more.`)
  return blocks.join('\n\n')
}

type Style = (format: 'bold' | 'red' | 'cyan' | 'dim', text: string) => string

function renderIssue(issue: ProjectIssue, style: Style): string {
  const where = pathText(issue.path)
  const place = style('bold', `${issue.file}:${issue.line}:${issue.column}:`)
  const lines = [`${place} ${where === '' ? '' : `${printable(where)}: `}${printable(issue.message)}`]
  const gutter = String(issue.snippet.at(-1)?.line ?? issue.line).length
  const from = firstShownColumn(issue)
  for (const { line, text } of issue.snippet) {
    lines.push(`  ${style('dim', `${String(line).padStart(gutter)} |`)} ${shownPart(text, from)}`.trimEnd())
    if (line !== issue.line) continue
    const before = shownPart(text.slice(0, issue.column - 1), from)
    const marked = shownPart(text.slice(0, issue.column - 1 + issue.length), from).slice(before.length)
    const caret = `${' '.repeat(cells(before))}${style('red', '^'.repeat(Math.max(1, cells(marked))))}`
    lines.push(`  ${style('dim', `${' '.repeat(gutter)} |`)} ${caret}`)
  }
  if (issue.hint !== undefined) lines.push(`  ${style('cyan', printable(issue.hint))}`)
  return lines.join('\n')
}

function firstShownColumn(issue: ProjectIssue): number {
  const needed = issue.column - 1 + Math.min(issue.length, shownColumns / 2)
  return needed <= shownColumns ? 0 : issue.column - 1 - shownColumns / 4
}

function shownPart(text: string, from: number): string {
  const part = text.slice(from, from + shownColumns)
  const cut = from > 0 && part !== '' ? `…${part.slice(1)}` : part
  return printable(text.length > from + shownColumns ? `${cut.slice(0, -1)}…` : cut)
}

/**
 * Text that a terminal may print. Control and direction characters in a file that someone else wrote could move the
 * cursor, colour the screen or make the line read otherwise than it is (CVE-2021-42574).
 */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, '·')
}

/** Columns that a text takes on a terminal: none for combining marks, two for East Asian wide letters and emoji. */
function cells(text: string): number {
  let count = 0
  for (const letter of text) {
    if (/\p{Mn}|\p{Me}|\u200B|\u200C|\u200D/u.test(letter)) continue
    count +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u.test(
        letter,
      )
        ? 2
        : 1
  }
  return count
}
