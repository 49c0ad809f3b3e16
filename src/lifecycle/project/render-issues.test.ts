import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { ProjectIssue } from './contract.ts'
import { renderIssues } from './render-issues.ts'
import { issueOf, sourceText } from './source-text.ts'

function issueIn(text: string, marked: string): ProjectIssue {
  const start = text.indexOf(marked)
  const finding = { span: { start, end: start + marked.length }, message: 'is wrong', path: ['a', 0, 'b c'] }
  return issueOf(sourceText('f.yaml', text), finding)
}

const plain = { color: false }

test('colour changes nothing but colour', () => {
  const issue = { ...issueIn('one: 1\ntwo: 2\nthree: 3\n', '2'), hint: 'Write 3.' }
  const colored = renderIssues([issue, issue], { color: true, omitted: 1 })
  assert.notEqual(colored, stripVTControlCharacters(colored))
  assert.equal(stripVTControlCharacters(colored), renderIssues([issue, issue], { ...plain, omitted: 1 }))
})

test('the caret stands under the same letters on a terminal, whatever is before them', () => {
  const cases: [string, string][] = [
    ['a:\t\tbad', '  1 | a:  bad\n    |     ^^^'],
    ['航班: bad', '  1 | 航班: bad\n    |       ^^^'],
    ['e\u0301te: bad', '  1 | e\u0301te: bad\n    |      ^^^'],
    ['"🛫": bad', '  1 | "🛫": bad\n    |       ^^^'],
  ]
  for (const [text, expected] of cases) {
    assert.equal(
      renderIssues([issueIn(text, 'bad')], plain)
        .split('\n')
        .slice(1)
        .join('\n'),
      expected,
    )
  }
})

test('a long line is cut around the caret', () => {
  const [, line = '', caret = ''] = renderIssues(
    [issueIn(`${'x'.repeat(500)}bad${'y'.repeat(500)}`, 'bad')],
    plain,
  ).split('\n')
  assert.ok(line.length < 120)
  assert.equal(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1), 'bad')
  assert.match(line, /\| …x+bady+…$/)
})

test('nothing in the file can steer the terminal or turn the text around', () => {
  const text = renderIssues([issueIn('a: \u001B[2J\u202Ebad\u0007', 'bad')], plain)
  assert.match(text, /a: ·\[2J·bad·/)
})

test('a mistake over several lines underlines the first, and line numbers line up', () => {
  const text = `${'\n'.repeat(8)}key: [1,\n 2]\n`
  assert.equal(
    renderIssues([issueIn(text, '[1,\n 2]')], plain),
    'f.yaml:9:6: a[0]["b c"]: is wrong\n   8 |\n   9 | key: [1,\n     |      ^^^\n  10 |  2]',
  )
})
