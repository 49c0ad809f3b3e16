import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { findCommand, readCommandLine } from '#cli/command-line'
import { renderOverview } from '#cli/help'
import { commands } from './commands.ts'
import { version } from './version.ts'

describe('the commands', () => {
  it('each say in a line what they do, and show how', () => {
    assert.ok(commands.length > 20)
    for (const { name, summary, examples } of commands) {
      assert.match(name, /^[a-z]+( [a-z]+(-[a-z]+)*)?$/)
      assert.match(summary, /^[A-Z`].{8,}[^.]$/, name)
      assert.ok(examples.length > 0, `${name} has an example`)
    }
  })

  it('have examples that the command line takes', () => {
    for (const { name, examples } of commands) {
      for (const { line, what } of examples) {
        assert.ok(what.length > 5, line)
        const [, text = ''] = /^devmlops ([^|>]+)/.exec(line) ?? assert.fail(`${name}: ${line}`)
        const words = [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')
        const found = findCommand(commands, words) ?? assert.fail(`${name}: ${line}`)
        readCommandLine(found.command, found.rest)
        // `runs` is `runs list`.
        assert.ok([name, name.replace(/ list$/, '')].includes(found.command.name), `${name}: ${line}`)
      }
    }
  })

  it('have names of their own, and only an argument at the end takes many', () => {
    const names = commands.map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)])
    for (const command of commands) {
      const definitions = command.arguments ?? []
      assert.ok(
        definitions.slice(0, -1).every(({ many }) => many !== true),
        command.name,
      )
      const firstOptional = definitions.findIndex(({ required }) => required !== true)
      const lastRequired = definitions.findLastIndex(({ required }) => required === true)
      assert.ok(firstOptional === -1 || lastRequired < firstOptional, command.name)
    }
  })

  it('fit a terminal of 110 columns', () => {
    const style = (text: string): string => text
    for (const line of renderOverview(commands, { style }).split('\n')) assert.ok(line.length <= 110, line)
  })
})

it('the version is that of package.json', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')
  assert.equal(version, (JSON.parse(text) as { version: string }).version)
})
