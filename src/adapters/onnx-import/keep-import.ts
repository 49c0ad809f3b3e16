import type { Client } from '#contract/endpoint'
import type { ModelVersion } from '#lifecycle/registry/index'
import type { registryContract } from '#lifecycle/registry/contract'
import type { trackingContract } from '#lifecycle/tracking/contract'
import { importCard } from './import-card.ts'
import type { ImportReport, PreparedImport } from './import-model.ts'

export interface ImportTarget {
  readonly tracking: Client<typeof trackingContract>
  readonly registry: Client<typeof registryContract>
}

/** Keeps the files with a run, so that they come over the same way as any artifact, and registers the version. */
export async function keepImport(
  { tracking, registry }: ImportTarget,
  { name, prepared }: { readonly name: string; readonly prepared: PreparedImport },
): Promise<ModelVersion> {
  const { report, signature, files } = prepared
  const { id: runId } = await tracking.createRun({ name: `import ${report.file}`, tags: { import: 'onnx' } })
  try {
    const json = Buffer.from(JSON.stringify(report, null, 2))
    for (const [path, bytes] of [...files, ['import.json', json] as const])
      await tracking.logArtifact({ runId, path }, { body: bytes })
    const params = paramsOf(report)
    await tracking.logBatch({ runId, params, metrics: metricsOf(report) })
    const { items } = await tracking.listArtifacts({ runId })
    const folders = items.filter(({ isDirectory }) => isDirectory)
    const inside = await Promise.all(folders.map(({ path }) => tracking.listArtifacts({ runId, path })))
    const artifacts = [...items, ...inside.flatMap((folder) => folder.items)].flatMap(
      ({ path, digest, sizeBytes }) =>
        digest === undefined || sizeBytes === undefined ? [] : [{ path, digest, sizeBytes }],
    )
    await tracking.updateRun({ runId, status: 'FINISHED', endedAt: Date.now() })
    return await registry.register({
      model: name,
      runId,
      artifacts,
      signature,
      lineage: { parameters: params },
      card: importCard(name, report),
    })
  } catch (error) {
    await tracking.updateRun({ runId, status: 'FAILED', endedAt: Date.now() }).catch(() => undefined)
    throw error
  }
}

/** The file's own facts and the parity in words: what `models show` prints as lineage. */
function paramsOf({ parity, ...report }: ImportReport): Record<string, string> {
  const largest = Math.max(
    0,
    ...(parity?.outputs ?? []).map(({ largestDifference }) => largestDifference ?? 0),
  )
  const flips = Math.max(0, ...(parity?.outputs ?? []).map(({ rowsFlipped }) => rowsFlipped))
  return {
    parity:
      parity === null
        ? 'not checked'
        : `${parity.passed ? 'passed' : 'not passed'}: ${parity.rows} rows, largest difference ${largest.toPrecision(3)}, ${flips} flipped`,
    imported_from: report.file,
    imported_digest: report.digest,
    ...(report.producer === '' ? {} : { producer: report.producer }),
    opsets: Object.entries(report.opsets)
      .map(([domain, version]) => `${domain} ${version}`)
      .join(', '),
    ...(report.classes.length === 0 ? {} : { classes: report.classes.join(', ') }),
    ...Object.fromEntries(
      Object.entries(report.metadata).map(([key, value]) => [`metadata.${key}`, value.slice(0, 500)]),
    ),
  }
}

function metricsOf({ parity }: ImportReport) {
  return (parity?.outputs ?? []).flatMap(({ output, largestDifference, rowsFlipped }) => [
    ...(largestDifference === null
      ? []
      : [{ key: `parity_largest_difference/${output}`, value: largestDifference }]),
    { key: `parity_rows_flipped/${output}`, value: rowsFlipped },
  ])
}
