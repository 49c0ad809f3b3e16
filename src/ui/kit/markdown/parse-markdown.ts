/**
 * The Markdown that model cards use: headings, paragraphs, lists, tables, quotes, fenced code, rules; bold, emphasis,
 * code and links inside. The result is data, never HTML, so nothing that a card says can become markup.
 */

export type Inline =
  | { readonly kind: 'text' | 'code' | 'strong' | 'emphasis'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly content: readonly Inline[] }
  | { readonly kind: 'paragraph' | 'quote'; readonly content: readonly Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | {
      readonly kind: 'table'
      readonly header: readonly (readonly Inline[])[]
      readonly alignments: readonly ('start' | 'center' | 'end')[]
      readonly rows: readonly (readonly (readonly Inline[])[])[]
    }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'rule' }

const listItem = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/
const tableRule = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/
const blockStart = /^(?:#{1,6}\s|```|>|\s*(?:[-*+]|\d+[.)])\s|\s*(?:-{3,}|\*{3,}|_{3,})\s*$)/

export function parseMarkdown(source: string): Block[] {
  const lines = source.replaceAll('\r\n', '\n').split('\n')
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    const { block, next } = readBlock(lines, at)
    if (block !== undefined) blocks.push(block)
    at = next
  }
  return blocks
}

function readBlock(lines: readonly string[], at: number): { block?: Block; next: number } {
  const line = lines[at] ?? ''
  if (line.trim() === '') return { next: at + 1 }
  if (line.startsWith('```')) return readCode(lines, at)
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line)
  if (heading !== null) {
    const [, marks = '', text = ''] = heading
    return { block: { kind: 'heading', level: marks.length, content: parseInline(text) }, next: at + 1 }
  }
  if (/^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/.test(line)) return { block: { kind: 'rule' }, next: at + 1 }
  if (line.includes('|') && tableRule.test(lines[at + 1] ?? '')) return readTable(lines, at)
  if (listItem.test(line)) return readList(lines, at)
  if (line.startsWith('>')) {
    const { taken, next } = takeWhile(lines, at, (one) => one.startsWith('>'))
    return {
      block: { kind: 'quote', content: parseInline(taken.map((one) => one.replace(/^>\s?/, '')).join(' ')) },
      next,
    }
  }
  // The first line is taken whatever it looks like, so that every line moves the reader on.
  const { taken, next } = takeWhile(lines, at + 1, (one) => one.trim() !== '' && !blockStart.test(one))
  return { block: { kind: 'paragraph', content: parseInline([line, ...taken].join(' ').trim()) }, next }
}

function readCode(lines: readonly string[], at: number): { block: Block; next: number } {
  const { taken, next } = takeWhile(lines, at + 1, (one) => !one.startsWith('```'))
  return { block: { kind: 'code', text: taken.join('\n') }, next: next + 1 }
}

function readList(lines: readonly string[], at: number): { block: Block; next: number } {
  const items: string[] = []
  let next = at
  for (; next < lines.length; next++) {
    const line = lines[next] ?? ''
    const item = listItem.exec(line)
    if (item !== null) items.push(item[2] ?? '')
    // An indented line goes on with the item above it.
    else if (/^\s+\S/.test(line) && items.length > 0) items[items.length - 1] += ` ${line.trim()}`
    else break
  }
  const ordered = listItem.exec(lines[at] ?? '')?.[1] !== undefined
  return { block: { kind: 'list', ordered, items: items.map(parseInline) }, next }
}

function readTable(lines: readonly string[], at: number): { block: Block; next: number } {
  const { taken, next } = takeWhile(lines, at + 2, (one) => one.includes('|') && one.trim() !== '')
  const alignments = cellsOf(lines[at + 1] ?? '').map((cell) => {
    if (!cell.endsWith(':')) return 'start' as const
    return cell.startsWith(':') ? ('center' as const) : ('end' as const)
  })
  return {
    block: {
      kind: 'table',
      header: cellsOf(lines[at] ?? '').map(parseInline),
      alignments,
      rows: taken.map((row) => cellsOf(row).map(parseInline)),
    },
    next,
  }
}

function cellsOf(row: string): string[] {
  const inner = row
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => cell.replaceAll(String.raw`\|`, '|').trim())
}

function takeWhile(
  lines: readonly string[],
  from: number,
  holds: (line: string) => boolean,
): { taken: string[]; next: number } {
  let next = from
  while (next < lines.length && holds(lines[next] ?? '')) next++
  return { taken: lines.slice(from, next), next }
}

// Bounded runs without nesting: no input makes the pattern look back over and over.
const inlinePattern =
  /`([^`\n]+)`|\*\*([^*\n]+)\*\*|__([^_\n]+)__|\*([^*\s][^*\n]*)\*|(?<!\w)_([^_\s][^_\n]*)_(?!\w)|\[([^\]\n]+)\]\(([^()\s]+)\)/g

export function parseInline(text: string): Inline[] {
  const parts: Inline[] = []
  let end = 0
  const addText = (plain: string): void => {
    if (plain !== '') parts.push({ kind: 'text', text: plain.replaceAll(/\\([\\`*_{}[\]()#+.!|-])/g, '$1') })
  }
  for (const match of text.matchAll(inlinePattern)) {
    addText(text.slice(end, match.index))
    parts.push(inlineOf(match))
    end = match.index + match[0].length
  }
  addText(text.slice(end))
  return parts
}

function inlineOf([
  whole,
  code,
  strong,
  strongToo,
  emphasis,
  emphasisToo,
  label,
  href,
]: RegExpExecArray): Inline {
  if (code !== undefined) return { kind: 'code', text: code }
  if (strong !== undefined || strongToo !== undefined)
    return { kind: 'strong', text: strong ?? strongToo ?? '' }
  if (label !== undefined && href !== undefined) {
    // Anything but a web address or a place of this page (such as javascript:) stays text.
    return /^(?:https?:\/\/|\/(?!\/)|#)/.test(href)
      ? { kind: 'link', text: label, href }
      : { kind: 'text', text: whole }
  }
  return { kind: 'emphasis', text: emphasis ?? emphasisToo ?? '' }
}
