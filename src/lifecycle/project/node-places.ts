import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, type YAMLMap } from 'yaml'
import type { ProjectPath } from './contract.ts'
import type { Span } from './source-text.ts'
import { keyName, spanOf } from './yaml-document.ts'

interface Found {
  readonly key?: unknown
  readonly value: unknown
}

/**
 * The stretch of text to underline for a path: its key, or its value where that fits on a line. A path that the file
 * does not have stands at its nearest ancestor.
 */
export function spanAt(document: Document.Parsed, path: ProjectPath, target: 'key' | 'value'): Span {
  let found: Found = { value: document.contents }
  let complete = true
  for (const segment of path) {
    const next = childOf(document, found.value, segment)
    if (next === undefined) {
      complete = false
      break
    }
    found = next
  }
  if (target === 'value' && complete && showsOnOneLine(found.value)) return spanOf(found.value)
  return headSpan(found)
}

/** The key in front of a value; for an entry of a list and for the whole file, the first thing in it. */
function headSpan(found: Found): Span {
  if (isScalar(found.key)) return spanOf(found.key)
  if (isMap(found.value) && found.value.flow !== true) {
    const first = found.value.items[0]?.key
    if (isScalar(first)) return spanOf(first)
  }
  return found.value === null ? { start: 0, end: 1 } : spanOf(found.value)
}

function showsOnOneLine(value: unknown): boolean {
  if (isAlias(value)) return true
  if (isScalar(value)) {
    const span = spanOf(value)
    return span.end > span.start
  }
  return isCollection(value) && value.flow === true
}

function childOf(document: Document.Parsed, parent: unknown, segment: string | number): Found | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent
  if (isSeq(node)) {
    const value = node.items[Number(segment)]
    return value === undefined ? undefined : { value }
  }
  return isMap(node) ? pairOf(document, node, String(segment)) : undefined
}

function pairOf(document: Document.Parsed, map: YAMLMap, name: string): Found | undefined {
  // Of two equal keys the later one is the value that was read.
  const pair = map.items.findLast((item) => keyName(item.key) === name)
  if (pair !== undefined) return { key: pair.key, value: pair.value }
  for (const item of map.items) {
    if (keyName(item.key) !== '<<') continue
    const sources = isSeq(item.value) ? item.value.items : [item.value]
    for (const source of sources) {
      const merged = childOf(document, source, name)
      if (merged !== undefined) return merged
    }
  }
  return undefined
}
