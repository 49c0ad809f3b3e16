import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { devmlops } from '../command.ts'

const run = promisify(execFile)

/** What keeps versions of a folder, as its users call it: each step is a command, or a few, in a process of its own. */
export interface VersionTool {
  readonly name: string
  readonly directory: string
  /** The folder that is kept, below `directory`. */
  readonly folder: string
  add(): Promise<unknown>
  status(): Promise<unknown>
  /** Brings the folder back after it was removed. */
  checkout(): Promise<unknown>
  push(): Promise<unknown>
  /** Brings everything back from the remote after the local copies were removed. */
  pull(): Promise<unknown>
  /** Removes what is kept here, the folder too: what is left is what another machine has after `git clone`. */
  forget(): void
  /** Where the bytes are kept. */
  readonly store: string
}

export interface S3Place {
  readonly endpoint: string
  readonly bucket: string
}

/** Credentials that the S3 server of the benchmark takes. */
export const s3Environment = {
  AWS_ACCESS_KEY_ID: 'benchmark',
  AWS_SECRET_ACCESS_KEY: 'benchmark-secret',
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
}

export async function devmlopsTool(directory: string, s3: S3Place | undefined): Promise<VersionTool> {
  mkdirSync(directory, { recursive: true })
  await devmlops(directory, 'init', '.')
  const remote = s3 === undefined ? '' : `remotes:\n  origin: { url: 's3://${s3.bucket}/ours' }\n`
  writeFileSync(
    join(directory, 'devmlops.yaml'),
    `project: benchmark\n${remote}data:\n  images:\n    source: { folder: images }\n`,
  )
  Object.assign(process.env, s3Environment, s3 === undefined ? {} : { AWS_ENDPOINT_URL: s3.endpoint })
  const command = (...words: string[]) => devmlops(directory, ...words)
  const store = join(directory, '.devmlops')
  return {
    name: 'ours',
    directory,
    folder: join(directory, 'images'),
    store,
    add: () => command('data', 'add', 'images'),
    status: () => command('data', 'status', 'images'),
    checkout: () => command('data', 'checkout', 'images'),
    push: () => command('data', 'push', 'images'),
    pull: async () => {
      await command('data', 'pull', 'images')
      await command('data', 'checkout', 'images')
    },
    forget: () => {
      for (const path of [store, join(directory, 'images')]) rmSync(path, { recursive: true, force: true })
    },
  }
}

/** DVC beside the given Python; undefined where it is not installed. */
export async function dvcTool(
  directory: string,
  python: string,
  s3: S3Place | undefined,
): Promise<VersionTool | undefined> {
  mkdirSync(directory, { recursive: true })
  const environment = {
    ...process.env,
    ...s3Environment,
    PATH: `${dirname(python)}:${process.env['PATH'] ?? ''}`,
  }
  const command = (file: string, ...words: string[]) =>
    run(file, words, { cwd: directory, env: environment, maxBuffer: 64 * 1024 * 1024 })
  const store = join(directory, '.dvc', 'cache')
  try {
    await command('git', 'init', '--quiet', '.')
    await command('dvc', 'init', '--quiet')
    await command('dvc', 'config', 'core.analytics', 'false')
    if (s3 !== undefined) {
      await command('dvc', 'remote', 'add', '--quiet', '--default', 'origin', `s3://${s3.bucket}/dvc`)
      await command('dvc', 'remote', 'modify', 'origin', 'endpointurl', s3.endpoint)
    }
  } catch (error) {
    console.log(`  DVC: skipped, ${(error as Error).message.trim().split('\n')[0] ?? ''}`)
    return undefined
  }
  return {
    name: 'DVC',
    directory,
    folder: join(directory, 'images'),
    store,
    add: () => command('dvc', 'add', '--quiet', 'images'),
    status: () => command('dvc', 'status'),
    checkout: () => command('dvc', 'checkout', '--quiet'),
    push: () => command('dvc', 'push', '--quiet'),
    pull: () => command('dvc', 'pull', '--quiet'),
    forget: () => {
      for (const path of [store, join(directory, 'images')]) rmSync(path, { recursive: true, force: true })
    },
  }
}
