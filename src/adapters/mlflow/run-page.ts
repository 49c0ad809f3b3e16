import type { Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import { readRunPage, tokenOf, type RunPageQuery, type RunText } from '#lifecycle/tracking/reads'
import { datasetDocument } from './documents.ts'

/**
 * A page is answered in one piece, so its size is bounded; 10,000 runs with 25 values each are 20 MB. Clients ask on with
 * the token of the next page, however short this one is.
 */
const mostLength = 32_000_000

/** The answer to `runs/search` as its bytes, ready to be sent. Runs in a thread. */
export async function readRunAnswer(
  query: Kysely<unknown>,
  engine: Engine,
  page: RunPageQuery,
): Promise<Uint8Array> {
  const parts: string[] = []
  const next = await readRunPage(query, engine, {
    ...page,
    mostLength,
    take: (run) => {
      const text = runText(run)
      parts.push(parts.length === 0 ? text : `,${text}`)
      return text.length
    },
  })
  parts.push(next === undefined ? ']}' : `],"next_page_token":${JSON.stringify(tokenOf(next))}}`)
  return new TextEncoder().encode(`{"runs":[${parts.join('')}`)
}

/** The same as `runDocument`, with what is JSON already put in as it is. */
function runText(run: RunText): string {
  const info = {
    run_uuid: run.id,
    run_id: run.id,
    run_name: run.name,
    experiment_id: String(run.experiment_id),
    user_id: run.user_name,
    status: run.status,
    start_time: run.started_at ?? undefined,
    end_time: run.ended_at ?? undefined,
    artifact_uri: run.artifact_uri,
    lifecycle_stage: run.lifecycle_stage,
  }
  return `{"info":${JSON.stringify(info)},"data":{"metrics":${run.metrics},"params":${run.params},"tags":${run.tags}},${linksText(run)}}`
}

function linksText({ inputs, inputModels, outputs }: RunText): string {
  // Of most runs, there are none.
  if (inputs.length + inputModels.length + outputs.length === 0) return noLinks
  const dataset_inputs = JSON.stringify(inputs.map(datasetDocument))
  const model_inputs = JSON.stringify(inputModels.map((model_id) => ({ model_id })))
  const model_outputs = JSON.stringify(outputs.map(({ modelId, step }) => ({ model_id: modelId, step })))
  return `"inputs":{"dataset_inputs":${dataset_inputs},"model_inputs":${model_inputs}},"outputs":{"model_outputs":${model_outputs}}`
}

const noLinks = '"inputs":{"dataset_inputs":[],"model_inputs":[]},"outputs":{"model_outputs":[]}'
