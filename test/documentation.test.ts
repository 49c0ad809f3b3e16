import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import type { z } from 'zod'
import { commands } from '#composition/commands'
import { sections } from '#composition/sections'
import { errorTable } from '#contract/errors'
import { checkProject, exampleProject, lenientPlaces, type SectionDefinition } from '#lifecycle/project/index'
import { monitoringGauges } from '#lifecycle/monitoring/index'
import { ServingMetrics } from '#lifecycle/serving/process/metrics'
import { environmentVariables } from '#platform/config'
import { createServerMetrics } from '#server/server-metrics'
import { readCommandLine, findCommand } from '#cli/command-line'
import { generatedDirectory, generatedPages } from '../docs/generate-reference.ts'

const root = join(import.meta.dirname, '..')
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'src/**/README.md'], { cwd: root }).sort()
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

interface Fence {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly text: string
}

describe('the documentation', () => {
  it('is read from real files', () => {
    assert.ok(pages.includes('README.md'))
    assert.ok(pages.length > 30, `saw ${pages.length} pages`)
    assert.ok(fences.length > 60, `saw ${fences.length} fenced blocks`)
  })

  it('has reference pages that are what the program says today', async () => {
    for (const [name, text] of Object.entries(await generatedPages())) {
      assert.equal(
        readFileSync(join(generatedDirectory, name), 'utf8'),
        text,
        `${name}: run \`npm run docs\``,
      )
    }
  })

  it('explains every error code, and none that does not exist', () => {
    const rows = tableOf('docs/reference/errors.md')
    assert.deepEqual(new Set(rows.map(([code]) => code)), new Set(Object.keys(errorTable)))
    for (const [code = '', status, exit] of rows) {
      const entry = errorTable[code as keyof typeof errorTable]
      assert.deepEqual([status, exit], [String(entry.status), String(entry.exit)], code)
    }
  })

  it('explains every variable of the environment, and none that does not exist', () => {
    const names = tableOf('docs/reference/configuration.md').map(([name]) => name)
    assert.deepEqual(new Set(names), new Set(Object.keys(environmentVariables)))
  })

  it('explains every metric for Prometheus, and none that does not exist', async () => {
    const names = tableOf('docs/reference/metrics.md').map(([name]) => name)
    assert.deepEqual(new Set(names), new Set(await metricNames()))
  })

  it('links only to files and headings that exist', () => {
    const broken = pages.flatMap((page) =>
      linksOf(page)
        .filter((link) => !leadsSomewhere(page, link))
        .map((link) => `${page}: ${link}`),
    )
    assert.deepEqual(broken, [])
  })

  it('shows only project files that the real schema accepts', () => {
    const shown = fences.filter(({ language }) => language === 'yaml')
    assert.ok(shown.length > 10, `saw ${shown.length}`)
    const wrong = shown.flatMap((fence) =>
      mistakesOf(fence).map((mistake) => `${fence.page}:${fence.line}: ${mistake}`),
    )
    assert.deepEqual(wrong, [])
  })

  it('shows only commands that the command line takes', () => {
    const wrong = fences
      .filter(({ language }) => language === 'sh')
      .flatMap((fence) => fence.text.split('\n').map((line) => ({ fence, line })))
      .flatMap(({ fence, line }) => {
        const reason = refusalOf(line)
        return reason === undefined ? [] : [`${fence.page}:${fence.line}: ${line}: ${reason}`]
      })
    assert.deepEqual(wrong, [])
  })

  it('starts a project with a file that has no mistake', () => {
    const bytes = new TextEncoder().encode(exampleProject('my-project', sections))
    const { issues } = checkProject({ path: '/p/devmlops.yaml', file: 'devmlops.yaml', bytes }, sections)
    assert.deepEqual(
      issues.map(({ message }) => message),
      [],
    )
  })

  it('knows every field of the project file, so that no misspelt one passes unseen', () => {
    assert.deepEqual(lenientPlaces(sections), [])
  })
})

/** As both processes write them. */
async function metricNames(): Promise<string[]> {
  const gauges = {
    ready: true,
    planRevision: 1,
    models: 0,
    modelBytes: 0,
    queuedRows: 0,
    queuedRequests: 0,
    logs: [],
    aliasedVersions: [],
  }
  const server = createServerMetrics(monitoringGauges({ list: async () => [] }))
  const text = new ServingMetrics().render(gauges) + (await server.render())
  return [...text.matchAll(/^# TYPE (\w+) /gm)].map((match) => match[1] ?? '')
}

const fences: readonly Fence[] = pages.flatMap((page) => {
  const found: Fence[] = []
  for (const match of textOf(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const line = textOf(page).slice(0, match.index).split('\n').length
    found.push({ page, line, language: match[1] ?? '', text: match[2] ?? '' })
  }
  return found
})

/** Rows of the tables of a page whose first cell is a name in backticks, cells without backticks. */
function tableOf(page: string): string[][] {
  return textOf(page)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

function linksOf(page: string): string[] {
  const prose = textOf(page).replaceAll(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
}

/** Links to other sites are not followed: a test needs no network. */
function leadsSomewhere(page: string, link: string): boolean {
  if (/^(https?:|mailto:)/.test(link)) return true
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? join(root, page) : join(root, dirname(page), path)
  if (!existsSync(target)) return false
  return anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).has(anchor)
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)]
  return new Set(
    headings.map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  )
}

/** A whole file is checked as the program checks it; a part of one by the schema of its section. */
function mistakesOf({ text }: Fence): string[] {
  if (/^project:/m.test(text)) {
    const bytes = new TextEncoder().encode(text)
    const { issues } = checkProject({ path: '/p/devmlops.yaml', file: 'devmlops.yaml', bytes }, sections)
    return issues.map(({ message }) => message)
  }
  const known: readonly SectionDefinition[] = sections
  return Object.entries(parse(text) as Record<string, unknown>).flatMap(([name, value]) => {
    const section = known.find((one) => one.name === name)
    if (section === undefined) return name === 'environment' ? [] : [`"${name}" is no section`]
    const result: z.ZodSafeParseResult<unknown> = section.schema.safeParse(value)
    return result.success
      ? []
      : result.error.issues.map(({ message, path }) => `${path.join('.')}: ${message}`)
  })
}

/** Why the command line would refuse a line of a shell block; lines of other programs are passed over. */
function refusalOf(line: string): string | undefined {
  const own = /(?:^|&& |\| )(?:[A-Z_]+=\S+ )*(?:bin\/)?devmlops ([^|&>#]*)/.exec(line)?.[1]
  if (own === undefined) return undefined
  const words = [...own.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, one, two, three]) => one ?? two ?? three ?? '',
  )
  if (words.length === 0 || ['--help', '--version'].includes(words[0] ?? '')) return undefined
  const found = findCommand(commands, words)
  if (found === undefined) return 'there is no such command'
  try {
    readCommandLine(found.command, found.rest)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
