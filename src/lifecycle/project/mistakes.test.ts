import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { checkProject } from './check-project.ts'
import { renderIssues } from './render-issues.ts'
import { testSections } from './sections.fixture.ts'

// Each case of the golden file: `=== title`, a project file, `-----`, and exactly what a user is shown for it.
// `UPDATE_GOLDEN=1` writes what is shown now; read the difference before committing it.
const golden = new URL('mistakes.golden.txt', import.meta.url)
const cases = readFileSync(golden, 'utf8')
  .split(/^=== /m)
  .slice(1)
  .map((block) => {
    const [, title = '', file = '', expected = ''] = /^(.*)\n([^]*?)^-----\n([^]*)$/m.exec(block) ?? []
    return { title, file, expected: expected.trim() }
  })

if (process.env['UPDATE_GOLDEN'] === '1') {
  const blocks = cases.map(({ title, file }) => `=== ${title}\n${file}-----\n${shown(file)}\n`)
  writeFileSync(golden, blocks.join('\n'))
}

for (const { title, file, expected } of cases) {
  test(title, () => assert.equal(shown(file), expected))
}

test('the golden file has its cases', () => assert.ok(cases.length >= 35, `${cases.length} cases`))

function shown(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const { issues, omitted } = checkProject(
    { path: 'devmlops.yaml', file: 'devmlops.yaml', bytes },
    testSections,
  )
  return renderIssues(issues, { color: false, omitted })
}
