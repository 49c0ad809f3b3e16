import { extname } from 'node:path'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '#contract/errors'
import type { BlobStore, Digest } from '#platform/blobs/index'
import { quoteText } from '#platform/tables/index'
import { findOutput } from './assessment.ts'
import type { StepInputRecord, StepOutput } from './contract.ts'
import type { DatasetPoint } from './dataset-point.ts'
import { readDirectory } from './output-store.ts'
import { parseReference } from './reference.ts'
import { filesIn, projectPath } from './source-digest.ts'
import type { StepInput } from './step-kind-point.ts'

export interface InputSources {
  readonly blobs: BlobStore
  readonly datasets: DatasetPoint
  readonly projectDirectory: string
  readonly outputs: ReadonlyMap<string, readonly StepOutput[]>
}

/** Makes everything that a step reads available as files on this machine. */
export async function openInputs(
  records: readonly StepInputRecord[],
  sources: InputSources,
): Promise<Record<string, StepInput>> {
  const opened: Record<string, StepInput> = {}
  for (const record of records) opened[record.name] = { ...record, ...(await openInput(record, sources)) }
  return opened
}

type Opened = Omit<StepInput, keyof StepInputRecord>

async function openInput(
  { reference: text, label }: StepInputRecord,
  sources: InputSources,
): Promise<Opened> {
  const reference = parseReference(text) ?? fail('invalid_project', `"${text}" is not a reference.`)
  if (reference.kind === 'file')
    return openProjectFile(projectPath(sources.projectDirectory, reference.path), reference.path)
  if (reference.kind === 'output') {
    const outputs =
      sources.outputs.get(reference.step) ?? fail('internal', `${reference.step} has no outputs yet.`)
    return openOutput(findOutput(text, outputs), sources.blobs)
  }
  const dataset = await sources.datasets.openDataset(label)
  if (dataset.files !== undefined) {
    const { relation, files } = dataset
    return { kind: 'directory', relation, files, allowedPaths: dataset.allowedPaths }
  }
  return {
    kind: 'dataset',
    relation: dataset.relation,
    allowedPaths: dataset.allowedPaths,
    files: dataset.parts.map(({ path, format }, index) => ({
      path,
      name: `part-${String(index).padStart(5, '0')}.${format}`,
    })),
  }
}

async function openProjectFile(path: string, shown: string): Promise<Opened> {
  if (statSync(path).isDirectory()) {
    const files = (await filesIn(path)).map((name) => ({ path: join(path, name), name }))
    return { kind: 'directory', files, allowedPaths: files.map((file) => file.path) }
  }
  return {
    kind: path.endsWith('.json') ? 'json' : 'file',
    files: [{ path, name: shown.split('/').at(-1) ?? shown }],
    ...relationOf(path, path),
    allowedPaths: [path],
  }
}

async function openOutput(output: StepOutput, blobs: BlobStore): Promise<Opened> {
  if (output.kind === 'directory') {
    const { files } = await readDirectory(blobs, output.digest)
    const local = await Promise.all(
      files.map(async ({ path, digest }) => ({ path: await blobs.localPath(digest as Digest), name: path })),
    )
    return { kind: 'directory', files: local, allowedPaths: local.map(({ path }) => path) }
  }
  const path = await blobs.localPath(output.digest as Digest)
  const name =
    output.fileName ?? `${output.name}${{ table: '.parquet', json: '.json', file: '' }[output.kind]}`
  const relation = output.kind === 'table' ? relationOf(`${name}.parquet`, path) : relationOf(name, path)
  return { kind: output.kind, files: [{ path, name }], ...relation, allowedPaths: [path] }
}

/** How DuckDB reads a file, by what its name says. */
function relationOf(name: string, path: string): { relation?: string } {
  const extension = extname(name).toLowerCase()
  if (extension === '.parquet') return { relation: `read_parquet(${quoteText(path)})` }
  if (extension === '.csv' || extension === '.tsv') return { relation: `read_csv(${quoteText(path)})` }
  if (['.json', '.ndjson', '.jsonl'].includes(extension)) return { relation: `read_json(${quoteText(path)})` }
  return {}
}
