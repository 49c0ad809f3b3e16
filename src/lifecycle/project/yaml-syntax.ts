import { type Document, type ErrorCode, isCollection, isScalar, visit, type YAMLError } from 'yaml'
import type { Finding, SourceText, Span } from './source-text.ts'

interface Stumble {
  readonly source: SourceText
  readonly document: Document.Parsed
  readonly error: YAMLError
  readonly span: Span
}

/** Turns an error of the YAML parser into one that says what to write instead. */
export function syntaxFinding(source: SourceText, document: Document.Parsed, error: YAMLError): Finding {
  const [start, end] = error.pos
  const stumble = { source, document, error, span: { start: Math.min(start, source.text.length), end } }
  return byCode[error.code]?.(stumble) ?? { span: stumble.span, message: plainMessage(error) }
}

const byCode: { readonly [Code in ErrorCode]?: (stumble: Stumble) => Finding } = {
  TAB_AS_INDENT: ({ span }) => ({
    span,
    message: 'found a tab, expected spaces',
    hint: 'YAML is indented with spaces only.',
  }),
  MULTILINE_IMPLICIT_KEY: ({ span }) => ({
    span,
    message: 'found text without a colon, expected "name: value"',
    hint: 'Write a colon and a space after the name, or "- " before an entry of a list.',
  }),
  MULTIPLE_DOCS: ({ span }) => ({
    span,
    message: 'found a second document after "---", expected one',
    hint: 'Delete the line "---".',
  }),
  BAD_SCALAR_START: ({ source, span }) => ({
    span: { start: span.start, end: lineEnd(source, span.start) },
    message: `text cannot start with ${source.text.charAt(span.start)} here`,
    hint: 'Put quotes around the text.',
  }),
  TAG_RESOLVE_FAILED: ({ source, span }) => ({
    span,
    message: `found the tag ${source.text.slice(span.start, span.end).trim()}, which means nothing here`,
    hint: 'Text that starts with ! needs quotes.',
  }),
  BAD_DQ_ESCAPE: ({ source, span }) => ({
    span: { start: span.start, end: span.start + 2 },
    message: `"${source.text.slice(span.start, span.start + 2)}" is no escape sequence`,
    hint: 'Use single quotes, in which a backslash is a backslash.',
  }),
  RESOURCE_EXHAUSTION: ({ span }) => ({ span, message: tooDeepMessage }),
  BLOCK_AS_IMPLICIT_KEY: ({ source, span }) => secondValueFinding(source, span),
  BAD_INDENT: (stumble) => unclosedFinding(stumble.document, stumble.span) ?? indentFinding(stumble),
  MISSING_CHAR: (stumble) => unclosedFinding(stumble.document, stumble.span) ?? indentFinding(stumble),
}

/** Reported instead of everything else, because such a file makes the parser stumble at every level. */
export const tooDeepMessage = 'values are nested too deeply to be read'

/** `key: some: text`, or a field that has both a value and deeper lines. */
function secondValueFinding(source: SourceText, span: Span): Finding {
  const valueSpan = { start: span.start, end: lineEnd(source, span.start) }
  const value = source.text.slice(valueSpan.start, valueSpan.end)
  if (/:(?:\s|$)/.test(value)) {
    const message = 'found ": " inside a value without quotes'
    return {
      span: valueSpan,
      message,
      hint: `Put quotes around it: "${value.trim().replaceAll('"', '\\"')}".`,
    }
  }
  return {
    span: valueSpan,
    message: 'this field has a value, and the next line is indented as if it had fields of its own',
    hint: 'Line the next line up with this one, or delete the value here.',
  }
}

/** A missing quote or bracket is noticed lines later; what helps is the place where it was opened. */
function unclosedFinding(document: Document.Parsed, span: Span): Finding | undefined {
  let opener: { readonly start: number; readonly kind: 'quote' | 'bracket' } | undefined
  visit(document, {
    Node(_key, node) {
      const range = 'range' in node ? node.range : undefined
      if (range === undefined || range === null || range[0] >= span.start || range[1] < span.start) return
      if (isCollection(node) && node.flow === true) opener = { start: range[0], kind: 'bracket' }
      if (isScalar(node) && node.type?.startsWith('QUOTE') === true)
        opener = { start: range[0], kind: 'quote' }
    },
  })
  if (opener === undefined) return undefined
  const what =
    opener.kind === 'quote'
      ? 'a quote is opened here and never closed'
      : 'a bracket is opened here and not closed'
  return { span: { start: opener.start, end: opener.start + 1 }, message: what }
}

function indentFinding({ source, error, span }: Stumble): Finding {
  if (error.code === 'BAD_INDENT' && error.message.includes('same column')) {
    const start = span.start + (/^ */.exec(source.text.slice(span.start))?.[0].length ?? 0)
    return {
      span: { start, end: Math.max(span.end, lineEnd(source, start)) },
      message: 'this line does not line up with the lines it belongs to',
      hint: 'Fields of one mapping start in the same column.',
    }
  }
  if (error.message.includes('followed by map values')) {
    const message = 'found text without a colon, expected "name: value"'
    return { span, message, hint: 'Text over several lines has to be indented deeper than its field.' }
  }
  return { span, message: plainMessage(error) }
}

function plainMessage(error: YAMLError): string {
  const [first = error.message] = error.message.split('\n')
  return first.charAt(0).toLowerCase() + first.slice(1)
}

function lineEnd(source: SourceText, offset: number): number {
  const end = source.text.indexOf('\n', offset)
  const line = source.text.slice(offset, end === -1 ? undefined : end)
  return offset + line.trimEnd().length
}
