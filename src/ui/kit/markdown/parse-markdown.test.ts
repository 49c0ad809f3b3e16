import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseInline, parseMarkdown } from './parse-markdown.ts'

const text = (content: string) => [{ kind: 'text', text: content }]

describe('Markdown of a model card', () => {
  it('reads headings, paragraphs over several lines, lists and rules', () => {
    const blocks = parseMarkdown('# Card\nfirst\nsecond\n\n- one\n  goes on\n- two\n\n---\n1. a\n2. b\n')
    assert.deepEqual(blocks, [
      { kind: 'heading', level: 1, content: text('Card') },
      { kind: 'paragraph', content: text('first second') },
      { kind: 'list', ordered: false, items: [text('one goes on'), text('two')] },
      { kind: 'rule' },
      { kind: 'list', ordered: true, items: [text('a'), text('b')] },
    ])
  })

  it('reads a table with alignments, code and escaped bars in its cells', () => {
    const [table] = parseMarkdown('| Metric | Value |\n| --- | ---: |\n| `a\\|b` | **0.7** |\n')
    assert.deepEqual(table, {
      kind: 'table',
      header: [text('Metric'), text('Value')],
      alignments: ['start', 'end'],
      rows: [[[{ kind: 'code', text: 'a|b' }], [{ kind: 'strong', text: '0.7' }]]],
    })
  })

  it('leaves a fence that nobody closed as code, and markup in it alone', () => {
    assert.deepEqual(parseMarkdown('```\n# <b>\n'), [{ kind: 'code', text: '# <b>\n' }])
  })

  it('keeps HTML as text and makes no link that runs a script', () => {
    assert.deepEqual(parseInline('<img src=x onerror=alert(1)>'), text('<img src=x onerror=alert(1)>'))
    assert.deepEqual(parseInline('[a](javascript:alert)'), text('[a](javascript:alert)'))
    assert.deepEqual(parseInline('[a](//evil.example)'), text('[a](//evil.example)'))
    assert.deepEqual(parseInline('[a](https://example.org)'), [
      { kind: 'link', text: 'a', href: 'https://example.org' },
    ])
  })

  it('does not take the underscores of a name for emphasis', () => {
    assert.deepEqual(parseInline('log_loss no_worse_than'), text('log_loss no_worse_than'))
  })

  it('answers at once for input that is made to be slow', () => {
    const hostile = `${'*'.repeat(20_000)}${'['.repeat(20_000)}${'_a'.repeat(20_000)}`
    assert.equal(parseMarkdown(hostile).length, 1)
  })
})
