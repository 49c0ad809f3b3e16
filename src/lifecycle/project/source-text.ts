import type { ProjectIssue, ProjectPath } from './contract.ts'

/** The characters of the project file and where its lines start. */
export interface SourceText {
  readonly file: string
  readonly text: string
  readonly lineStarts: readonly number[]
}

/** A stretch of the text: offsets of the first character and of the one after the last. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What is wrong somewhere, before it is given its line, column and snippet. */
export interface Finding {
  readonly span: Span
  readonly message: string
  readonly hint?: string
  readonly path?: ProjectPath
}

export function sourceText(file: string, text: string): SourceText {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return { file, text, lineStarts }
}

/** Reads UTF-8. Other encodings are named, because the file looks right in the editor that wrote it. */
export function decodeSource(file: string, bytes: Uint8Array): { source: SourceText; findings: Finding[] } {
  const hint = 'Save the file as UTF-8.'
  const start = { start: 0, end: 1 }
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (wide) {
    const finding = { span: start, message: 'the file is in UTF-16, expected UTF-8', hint }
    return { source: sourceText(file, ''), findings: [finding] }
  }
  // The decoder drops a byte order mark, so that columns count from the first visible character.
  const source = sourceText(file, new TextDecoder('utf-8').decode(bytes))
  const bad = source.text.indexOf('\0')
  if (bad !== -1) {
    const message = 'the file has a zero byte, expected text'
    return { source, findings: [{ span: { start: bad, end: bad + 1 }, message, hint }] }
  }
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const replaced = source.text.indexOf('\uFFFD')
    const message = 'these bytes are not UTF-8'
    return { source, findings: [{ span: { start: replaced, end: replaced + 1 }, message, hint }] }
  }
  return { source, findings: [] }
}

/** What a version control system leaves behind where it could not merge two versions of the file. */
export function conflictFindings(source: SourceText): Finding[] {
  const findings: Finding[] = []
  for (const match of source.text.matchAll(/^<{7}(?= |\r?$)[^\r\n]*/gm)) {
    const hint =
      'Keep one of the two versions and delete the lines that start with <<<<<<<, ======= and >>>>>>>.'
    const message = 'a merge conflict was left in the file'
    findings.push({ span: { start: match.index, end: match.index + match[0].length }, message, hint })
  }
  return findings
}

export function lineOf(source: SourceText, offset: number): number {
  let low = 0
  let high = source.lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((source.lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low + 1
}

export function placeText(source: SourceText, offset: number): string {
  const line = lineOf(source, offset)
  return `${source.file}:${line}:${offset - (source.lineStarts[line - 1] ?? 0) + 1}`
}

/** Gives a finding its line, column and snippet. A span over several lines underlines the first. */
export function issueOf(source: SourceText, finding: Finding): ProjectIssue {
  const line = lineOf(source, finding.span.start)
  const lineStart = source.lineStarts[line - 1] ?? 0
  const text = lineText(source, line)
  const end = Math.min(finding.span.end, lineStart + text.trimEnd().length)
  const first = Math.max(1, line - 1)
  const last = Math.min(lastLine(source), line + 1)
  const snippet = []
  for (let number = first; number <= last; number += 1) {
    snippet.push({ line: number, text: lineText(source, number) })
  }
  return {
    file: source.file,
    line,
    column: finding.span.start - lineStart + 1,
    length: Math.max(1, end - finding.span.start),
    path: finding.path ?? [],
    message: finding.message,
    ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    snippet,
  }
}

function lineText(source: SourceText, line: number): string {
  const end = source.lineStarts[line]
  return source.text
    .slice(source.lineStarts[line - 1] ?? 0, end === undefined ? undefined : end - 1)
    .replace(/\r$/, '')
}

/** The line break at the end of a file starts no line worth showing. */
function lastLine(source: SourceText): number {
  const count = source.lineStarts.length
  return count > 1 && source.lineStarts[count - 1] === source.text.length ? count - 1 : count
}
