import type { TrackingService } from '#lifecycle/tracking/index'
import { fail } from '#contract/errors'
import { call, type MlflowCall } from '../call.ts'
import { experimentDocument } from '../documents.ts'
import { integer, list, message, oneOf, required, text } from '../message.ts'
import type { readRunAnswer } from '../run-page.ts'

const viewTypes = oneOf({ ACTIVE_ONLY: 1, DELETED_ONLY: 2, ALL: 3 })
const views = { ACTIVE_ONLY: 'active', DELETED_ONLY: 'deleted', ALL: 'all' } as const
const mostResults = 50_000
const mostExperiments = 20

export function searchCalls(tracking: TrackingService): MlflowCall[] {
  return [
    call({
      methods: ['POST'],
      path: 'runs/search',
      permission: 'read',
      request: message({
        experiment_ids: list(text),
        filter: text,
        run_view_type: viewTypes,
        max_results: integer,
        order_by: list(text),
        page_token: text,
      }),
      answer: async (request, { signal }) => {
        const { experiment_ids = [], filter, run_view_type = 'ACTIVE_ONLY', max_results = 1000 } = request
        const json = await tracking.runPageAs<typeof readRunAnswer>(
          { module: import.meta.resolve('#adapters/mlflow/run-page'), name: 'readRunAnswer' },
          {
            experimentIds: experiment_ids,
            filter,
            view: views[run_view_type],
            limit: checkedLimit(max_results),
            orderBy: request.order_by,
            after: request.page_token,
          },
          signal,
        )
        return { json }
      },
    }),
    call({
      methods: ['GET', 'POST'],
      path: 'experiments/search',
      permission: 'read',
      request: message({
        max_results: required(integer),
        page_token: text,
        filter: text,
        order_by: list(text),
        view_type: viewTypes,
      }),
      answer: async ({ max_results, page_token, filter, order_by, view_type = 'ACTIVE_ONLY' }) => {
        const { items, next } = await tracking.experimentPage({
          filter,
          view: views[view_type],
          limit: checkedLimit(max_results),
          orderBy: order_by,
          after: page_token,
        })
        return { experiments: items.map(experimentDocument), next_page_token: next }
      },
    }),
    call({
      methods: ['POST'],
      path: 'experiments/search-datasets',
      permission: 'read',
      request: message({ experiment_ids: list(text) }),
      answer: async ({ experiment_ids = [] }) => {
        if (experiment_ids.length === 0) {
          fail('invalid_input', 'SearchDatasets request must specify at least one experiment_id.')
        }
        if (experiment_ids.length > mostExperiments) {
          fail(
            'invalid_input',
            `SearchDatasets request cannot specify more than ${mostExperiments} experiment_ids. Received ${experiment_ids.length} experiment_ids.`,
          )
        }
        const summaries = await tracking.searchDatasets(experiment_ids)
        return {
          dataset_summaries: summaries.map(({ experimentId, name, digest, context }) => ({
            experiment_id: experimentId,
            name,
            digest,
            context,
          })),
        }
      },
    }),
  ]
}

function checkedLimit(limit: number): number {
  if (limit >= 1 && limit <= mostResults) return limit
  return fail(
    'invalid_input',
    `Invalid value ${limit} for parameter 'max_results' supplied. It must be ${limit < 1 ? 'a positive integer' : `at most ${mostResults}`}`,
    { at: 'max_results' },
  )
}
