import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'

const exported = ({ service }: Workshop, name: string, to: string, force = false) =>
  service.workspace.exportVersion({ name, version: 'latest', to, force }, { caller: ada })

test('a table is written in the form that the ending names, with masked columns masked', async () => {
  await using workshop = await openWorkshop(
    'rows:\n  source: { files: in/*.csv }\n  columns: { mail: { class: personal } }',
  )
  await workshop.write('in/1.csv', ['a,mail', '1,ada@example.org'])
  await workshop.write('in/2.csv', ['a,mail', '2,bob@example.org'])
  await workshop.service.add('rows', {}, ada)
  for (const format of ['csv', 'ndjson', 'parquet'] as const) {
    const result = await exported(workshop, 'rows', `out/rows.${format}`)
    assert.equal(result.format, format)
    const bytes = readFileSync(join(workshop.directory, `out/rows.${format}`))
    assert.equal(bytes.includes('ada@example.org'), false, `${format} tells a mail address`)
  }
  const lines = readFileSync(join(workshop.directory, 'out/rows.csv'), 'utf8').trim().split('\n')
  assert.deepEqual([lines.length, lines[0], lines[1]?.split(',')[0]], [3, 'a,mail', '1'])
  await assert.rejects(exported(workshop, 'rows', 'out/rows.csv'), /is there already/)
  await exported(workshop, 'rows', 'out/rows.csv', true)
  await assert.rejects(exported(workshop, 'rows', 'out/files'), /has columns that are masked/)
  await assert.rejects(exported(workshop, 'rows', 'out/rows.tar'), /is a table/)
})

test('a folder is written as an archive that tar reads, the same each time', async () => {
  await using workshop = await openWorkshop('images:\n  source: { folder: images/ }')
  const long = `${'deep/'.repeat(30)}ä.png`
  await workshop.write(`images/${long}`, new Uint8Array(1000).fill(7))
  await workshop.write('images/run.sh', '#!/bin/sh\n')
  await chmod(join(workshop.directory, 'images/run.sh'), 0o755)
  await workshop.service.add('images', {}, ada)
  await exported(workshop, 'images', 'out.tar')
  await exported(workshop, 'images', 'again.tar')
  const archive = (name: string) => readFileSync(join(workshop.directory, name))
  assert.ok(archive('out.tar').equals(archive('again.tar')))
  execFileSync('sh', ['-c', 'mkdir x && tar xf out.tar -C x && diff -r images x && test -x x/run.sh'], {
    cwd: workshop.directory,
  })
  await exported(workshop, 'images', 'plain')
  execFileSync('diff', ['-r', 'images', 'plain'], { cwd: workshop.directory })
  await assert.rejects(exported(workshop, 'images', 'out.csv'), /is a folder of files/)
})
