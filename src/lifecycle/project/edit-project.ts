import { isDeepStrictEqual } from 'node:util'
import {
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  stringify,
  type Document,
  type Pair,
  type YAMLSeq,
} from 'yaml'
import { fail } from '#contract/errors'
import type { ProjectPath } from './contract.ts'

/** A change of the project file. */
export type ProjectEdit =
  /** Gives a key or an item another value, or gives a mapping a key. */
  | { readonly kind: 'set'; readonly path: ProjectPath; readonly value: unknown }
  /** Adds an item to a list, which is made when it is not there. */
  | {
      readonly kind: 'append'
      readonly path: ProjectPath
      readonly value: unknown
      /** Written above it. */
      readonly comment?: string
    }

/**
 * Changes the text of a project file where the edits say and nowhere else: comments, blank lines and the way things are
 * written stay. Only a list or mapping that is written in a form without room for it ([…] on one line) is written anew.
 * @throws invalid_project when the text is no YAML.
 */
export function editProject(text: string, edits: readonly ProjectEdit[]): string {
  return edits.reduce(applyEdit, text)
}

function applyEdit(text: string, edit: ProjectEdit): string {
  const document = read(text)
  const wanted = read(text)
  if (edit.kind === 'set') wanted.setIn(edit.path, edit.value)
  else if (isSeq(wanted.getIn(edit.path, true))) wanted.addIn(edit.path, edit.value)
  else wanted.setIn(edit.path, [edit.value])
  const target = plain(wanted)
  const spliced = edit.kind === 'set' ? spliceSet(text, document, edit) : spliceAppend(text, document, edit)
  if (spliced !== undefined) {
    const result = parseDocument(spliced, { merge: true, logLevel: 'error' })
    if (result.errors.length === 0 && isDeepStrictEqual(plain(result), target)) return spliced
  }
  // What a splice would break is written by the library, which keeps comments but may wrap and indent anew.
  return read(wanted.toString({ lineWidth: 0, flowCollectionPadding: true })).toString({ lineWidth: 0 })
}

function read(text: string): Document.Parsed {
  const document = parseDocument(text, { merge: true, logLevel: 'error' })
  const [error] = document.errors
  if (error !== undefined) fail('invalid_project', `The project file cannot be changed: ${error.message}`)
  return document
}

function plain(document: Document): unknown {
  return document.toJS({ maxAliasCount: 100 }) as unknown
}

/** On one line, as people write small things: `{ column: country, values: [DE, FR] }`. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true })
    .trimEnd()
    .replaceAll(/\[ (.*?) \]/g, '[$1]')
}

/** An item of a list: its first key beside the dash, the others below, each on one line. */
function itemLines(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${indent}- ${inline(value)}\n`
  return Object.entries(value)
    .map(([key, held], at) => `${indent}${at === 0 ? '- ' : '  '}${inline(key)}: ${inline(held)}\n`)
    .join('')
}

function commentLines(comment: string | undefined, indent: string): string {
  return comment === undefined ? '' : comment.replaceAll(/^/gm, `${indent}# `).concat('\n')
}

function spliceAppend(
  text: string,
  document: Document.Parsed,
  { path, value, comment }: Extract<ProjectEdit, { kind: 'append' }>,
): string | undefined {
  const list = document.getIn(path, true)
  if (isSeq(list) && list.flow !== true && list.items.length > 0) {
    const indent = indentOfItems(text, list)
    const end = endOfLine(text, list)
    if (indent === undefined || end === undefined) return undefined
    return insertLines(text, end, commentLines(comment, indent) + itemLines(value, indent))
  }
  const parent = document.getIn(path.slice(0, -1), true)
  const key = path.at(-1)
  if (!isMap(parent) || parent.flow === true || parent.items.length === 0 || key === undefined)
    return undefined
  const indent = ' '.repeat(columnOf(text, startOf(parent.items[0]?.key) ?? 0))
  const lines = commentLines(comment, `${indent}  `) + itemLines(value, `${indent}  `)
  const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key)
  if (pair === undefined) {
    const end = endOfLine(text, parent)
    return end === undefined ? undefined : insertLines(text, end, `${indent}${key}:\n${lines}`)
  }
  // `expectations: []` and a key without a value.
  const isEmpty = !isCollection(pair.value) || pair.value.items.length === 0
  const [start, end] = [startOf(pair.key), endOfLine(text, pair)]
  if (!isEmpty || start === undefined || end === undefined) return undefined
  return `${text.slice(0, start)}${key}:\n${lines}${text.slice(end)}`
}

function spliceSet(
  text: string,
  document: Document.Parsed,
  { path, value }: Extract<ProjectEdit, { kind: 'set' }>,
): string | undefined {
  const node = document.getIn(path, true) as { range?: [number, number, number] | null } | undefined
  if (node?.range !== undefined && node.range !== null) {
    const [start, end] = node.range
    const isBlock = text.slice(start, end).includes('\n')
    return isBlock ? undefined : `${text.slice(0, start)}${inline(value)}${text.slice(end)}`
  }
  const parent = document.getIn(path.slice(0, -1), true)
  const key = path.at(-1)
  if (!isMap(parent) || parent.items.length === 0 || key === undefined) return undefined
  const entry = `${inline(key)}: ${inline(value)}`
  if (parent.flow === true) {
    const last = (parent.items.at(-1) as Pair).value as { range?: [number, number, number] } | null
    const end = last?.range?.[1]
    return end === undefined ? undefined : `${text.slice(0, end)}, ${entry}${text.slice(end)}`
  }
  const indent = ' '.repeat(columnOf(text, startOf(parent.items[0]?.key) ?? 0))
  const end = endOfLine(text, parent)
  return end === undefined ? undefined : insertLines(text, end, `${indent}${entry}\n`)
}

function insertLines(text: string, at: number, lines: string): string {
  const isAfterLine = at === 0 || text[at - 1] === '\n'
  return `${text.slice(0, at)}${isAfterLine ? '' : '\n'}${lines}${text.slice(at)}`
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | undefined)?.range?.[0]
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1)
}

function indentOfItems(text: string, list: YAMLSeq): string | undefined {
  const start = startOf(list.items[0])
  if (start === undefined) return undefined
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
  return /^( *)-\s*$/.exec(line)?.[1]
}

/** Where the line after the last thing in a node begins. */
function endOfLine(text: string, node: unknown): number | undefined {
  const end = lastOffset(node)
  if (end === undefined) return undefined
  if (text[end - 1] === '\n') return end
  const line = text.indexOf('\n', end)
  return line === -1 ? text.length : line + 1
}

function lastOffset(node: unknown): number | undefined {
  if (isPair(node)) return lastOffset(node.value) ?? lastOffset(node.key)
  if (isCollection(node) && node.flow !== true) {
    const last = lastOffset(node.items.at(-1))
    if (last !== undefined) return last
  }
  return (node as { range?: [number, number, number] | null } | null | undefined)?.range?.[1]
}
