import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { fail } from '#contract/errors'
import type { Command } from '#platform/terminal/index'

/** The examples stand beside `src` in a checkout and beside `dist` when installed. */
const examplesDirectory = join(import.meta.dirname, '..', '..', 'examples')

/** Files of an example that make its data, and are not part of the user's project. */
const setupFile = 'setup.sql'

export const initCommand: Command = {
  name: 'init',
  summary: 'Start a project: a devmlops.yaml to fill in, or a copy of an example',
  arguments: [{ name: 'DIR', summary: 'the folder, made if it is not there (default: this one)' }],
  options: { example: { type: 'string', value: 'NAME', summary: 'Copy this example: flight-delays' } },
  examples: [
    { line: 'devmlops init', what: 'A commented devmlops.yaml in this folder' },
    {
      line: 'devmlops init flights --example flight-delays',
      what: 'The whole loop on three million real flights',
    },
  ],
  run: async ({ arguments: words, options, directory, terminal, json }) => {
    const target = resolve(directory, words.optional('DIR') ?? '.')
    const example = options.text('example')
    if (existsSync(join(target, 'devmlops.yaml'))) {
      fail('already_exists', `${join(relative(directory, target), 'devmlops.yaml')} is there already.`, {
        hint: 'Nothing was changed. Choose another folder.',
      })
    }
    const source = example === undefined ? undefined : exampleSource(example)
    await mkdir(target, { recursive: true })
    const created = source === undefined ? await writeBlank(target) : await copyExample(source, target)
    if (json) return terminal.json({ directory: target, created })
    terminal.print(
      `${terminal.style('✓', 'green')} ${relative(directory, target) || '.'}: ${created.join(', ')}`,
    )
    const enter = target === resolve(directory) ? '' : `cd ${shellWord(relative(directory, target))} && `
    terminal.print(`  next: ${enter}${source === undefined ? 'devmlops doctor' : await firstCommand(source)}`)
  },
}

async function writeBlank(target: string): Promise<string[]> {
  const { exampleProject } = await import('#lifecycle/project/index')
  const { sections } = await import('./sections.ts')
  await writeFile(join(target, 'devmlops.yaml'), exampleProject(projectNameOf(target), sections), {
    flag: 'wx',
  })
  return ['devmlops.yaml', ...(await writeSurroundings(target))]
}

function exampleSource(name: string): string {
  const source = join(examplesDirectory, name)
  if (/^[a-z-]+$/.test(name) && existsSync(join(source, 'devmlops.yaml'))) return source
  return fail('not_found', `There is no example "${name}".`, { hint: 'The example is flight-delays.' })
}

/** What an example's `setup.sql` says in a line `-- next: …`. */
async function firstCommand(source: string): Promise<string> {
  const setup = await readFile(join(source, setupFile), 'utf8').catch(() => '')
  return /^-- next: (.+)$/m.exec(setup)?.[1] ?? 'devmlops data add'
}

async function copyExample(source: string, target: string): Promise<string[]> {
  // The data first: if it cannot be had, there is no project file, and the same command can be tried again.
  if (existsSync(join(source, setupFile))) {
    const { setUpExampleData } = await import('./example-data.ts')
    await setUpExampleData(join(source, setupFile), target)
  }
  const surroundings = await writeSurroundings(target)
  const names = (await readdir(source)).filter((entry) => entry !== setupFile && !entry.startsWith('.'))
  for (const entry of names.filter((one) => one !== 'devmlops.yaml')) {
    await cp(join(source, entry), join(target, entry), { recursive: true, force: false })
  }
  await cp(join(source, 'devmlops.yaml'), join(target, 'devmlops.yaml'), { errorOnExist: true, force: false })
  return [...names, ...surroundings]
}

/** What goes with every project: the schema for editors, and what Git leaves alone. */
async function writeSurroundings(target: string): Promise<string[]> {
  const { projectJsonSchema, projectJsonSchemaFileName } = await import('#lifecycle/project/index')
  const { sections } = await import('./sections.ts')
  await writeFile(
    join(target, projectJsonSchemaFileName),
    `${JSON.stringify(projectJsonSchema(sections), null, 2)}\n`,
  )
  if (existsSync(join(target, '.gitignore'))) return [projectJsonSchemaFileName]
  await writeFile(join(target, '.gitignore'), '.devmlops/\nincoming/\nmonths/\nlabels/\n')
  return [projectJsonSchemaFileName, '.gitignore']
}

function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

function projectNameOf(target: string): string {
  const name = basename(target)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)
  return name === '' ? 'my-project' : name
}
