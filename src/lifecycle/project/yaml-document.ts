import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isNode,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml'
import { messageOf } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import { lineOf, placeText, type Finding, type SourceText, type Span } from './source-text.ts'
import { syntaxFinding, tooDeepMessage } from './yaml-syntax.ts'

/** How often aliases may multiply what they stand for: enough for people, too little for a "billion laughs" bomb. */
const maxAliasCount = 100

export interface YamlDocument {
  readonly document: Document.Parsed
  /** The file as plain values; undefined when it could not be read, which `findings` then explain. */
  readonly value: unknown
  readonly findings: readonly Finding[]
}

/** A file that was not even parsed. */
export interface UnreadYaml {
  readonly value: undefined
  readonly findings: readonly Finding[]
}

/** Nobody nests a hundred lists; the parser's time grows with the square of their number. */
const bracketTower = /(?:[[{][ \t\r\n]*){100}/

/** Reads YAML 1.2 (with `<<` merging), and says in plain words what is wrong with it. */
export function parseYaml(source: SourceText): YamlDocument | UnreadYaml {
  const tooDeep = bracketTower.exec(source.text)
  if (tooDeep !== null) {
    const span = { start: tooDeep.index, end: tooDeep.index + tooDeep[0].length }
    return { value: undefined, findings: [{ span, message: tooDeepMessage }] }
  }
  const document = parseDocument(source.text, {
    prettyErrors: false,
    // Found below instead, because two places have to be named.
    uniqueKeys: false,
    merge: true,
    logLevel: 'error',
  })
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0) {
    // One slip makes the parser stumble several times over, so each line is told once.
    const findings = broken.map((error) => syntaxFinding(source, document, error))
    return { document, value: undefined, findings: onePerLine(source, findings) }
  }
  const unusable = unusableNodes(document)
  if (unusable.length > 0) return { document, value: undefined, findings: unusable }
  try {
    return { document, value: document.toJS({ maxAliasCount }), findings: duplicateKeys(source, document) }
  } catch (error) {
    return { document, value: undefined, findings: [unfoldingFinding(error)] }
  }
}

function onePerLine(source: SourceText, findings: readonly Finding[]): Finding[] {
  const tooDeep = findings.find((finding) => finding.message === tooDeepMessage)
  if (tooDeep !== undefined) return [tooDeep]
  const lines = new Map<number, Finding>()
  for (const finding of findings) {
    const line = lineOf(source, finding.span.start)
    if (!lines.has(line)) lines.set(line, finding)
  }
  return [...lines.values()]
}

/** Aliases without an anchor and keys that are not text: legal to the parser, and no values can be made of them. */
function unusableNodes(document: Document.Parsed): Finding[] {
  const findings: Finding[] = []
  const anchors = new Set<string>()
  visit(document, {
    Node(_key, node, ancestors) {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) findings.push(unknownAnchor(node, anchors))
        if (!ancestors.some((outer) => isCollection(outer) && outer.anchor === node.source)) return
        findings.push({
          span: spanOf(node),
          message: `the alias *${node.source} stands inside what it stands for`,
        })
      } else if (node.anchor !== undefined) anchors.add(node.anchor)
    },
    Pair(_key, pair) {
      if (!isCollection(pair.key)) return
      findings.push({
        span: spanOf(pair.key),
        message: 'found a mapping or list as a key, expected text',
        hint: 'Text that starts with {, [ or ? needs quotes: "{{ name }}".',
      })
    },
  })
  return findings
}

function unknownAnchor(node: Alias, anchors: ReadonlySet<string>): Finding {
  const meant = nearestName(node.source, anchors)
  const hint =
    meant === undefined
      ? `Text that starts with * needs quotes: "*${node.source}".`
      : `Did you mean *${meant}?`
  return { span: spanOf(node), message: `no anchor "&${node.source}" stands before this alias`, hint }
}

function duplicateKeys(source: SourceText, document: Document.Parsed): Finding[] {
  const findings: Finding[] = []
  visit(document, {
    Map(_key, map, ancestors) {
      const firsts = new Map<string, Scalar>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = keyName(key)
        const first = firsts.get(name)
        // Several `<<` in one mapping merge one after the other.
        if (first === undefined || name === '<<') {
          firsts.set(name, key)
          continue
        }
        const start = spanOf(first).start
        findings.push({
          span: spanOf(key),
          path: [...pathTo(map, ancestors), name],
          message: `the key "${name}" stands here twice`,
          hint: `The first is at ${placeText(source, start)}; keep one of them.`,
        })
      }
    },
  })
  return findings
}

/** The path of the mapping that `visit` reached through these nodes. */
function pathTo(map: YAMLMap, ancestors: readonly unknown[]): (string | number)[] {
  return ancestors.flatMap((node, depth): (string | number)[] => {
    if (isPair(node) && isScalar(node.key)) return [keyName(node.key)]
    return isSeq(node) ? [node.items.indexOf(ancestors[depth + 1] ?? map)] : []
  })
}

function unfoldingFinding(error: unknown): Finding {
  const span = { start: 0, end: 1 }
  const detail = messageOf(error)
  if (/excessive alias count/i.test(detail)) {
    const message = `aliases unfold to more than ${maxAliasCount} copies of one anchor`
    return { span, message, hint: 'Write the repeated part out, or repeat less of it.' }
  }
  if (/merge sources/i.test(detail)) {
    return {
      span,
      message: 'something after << is not a mapping',
      hint: 'Write << with an alias of a mapping.',
    }
  }
  return { span, message: `the file cannot be read as YAML (${detail})` }
}

/** A key as the values have it; the parser turns `<<` into a symbol. */
export function keyName(key: unknown): string {
  if (!isScalar(key)) return ''
  return typeof key.value === 'symbol' ? (key.value.description ?? '') : String(key.value)
}

/** Where a node stands. A node without a range, which parsing never makes, stands at the start. */
export function spanOf(node: unknown): Span {
  const range = isNode(node) ? node.range : undefined
  return { start: range?.[0] ?? 0, end: range?.[1] ?? 1 }
}
