import { many, one, type Schema } from '#platform/protobuf'

/**
 * The small messages of grpc_service.proto: of the Open Inference Protocol, and of Triton for what it has beyond that
 * (github.com/triton-inference-server/common/blob/main/protobuf/grpc_service.proto). Field numbers are the wire format.
 */
export const modelNameMessage: Schema = { name: one(1, 'string'), version: one(2, 'string') }

export const flagMessage: Schema = { flag: one(1, 'integer') }

export const serverMetadataMessage: Schema = {
  name: one(1, 'string'),
  version: one(2, 'string'),
  extensions: many(3, 'string'),
}

const tensorFactsMessage: Schema = {
  name: one(1, 'string'),
  datatype: one(2, 'string'),
  shape: many(3, 'integer'),
}

export const modelMetadataMessage: Schema = {
  name: one(1, 'string'),
  versions: many(2, 'string'),
  platform: one(3, 'string'),
  inputs: many(4, () => tensorFactsMessage),
  outputs: many(5, () => tensorFactsMessage),
}

export const repositoryIndexRequest: Schema = { repositoryName: one(1, 'string'), ready: one(2, 'integer') }

const modelIndexMessage: Schema = {
  name: one(1, 'string'),
  version: one(2, 'string'),
  state: one(3, 'string'),
  reason: one(4, 'string'),
}

export const repositoryIndexMessage: Schema = { models: many(1, () => modelIndexMessage) }

/** `ModelRepositoryParameter` of one entry of the map. */
const repositoryChoice: Schema = {
  bool: one(1, 'integer'),
  int64: one(2, 'integer'),
  string: one(3, 'string'),
  bytes: one(4, 'bytes'),
}
const repositoryParameter: Schema = { key: one(1, 'string'), value: one(2, () => repositoryChoice) }

/** Of `RepositoryModelLoad` and `RepositoryModelUnload`. */
export const repositoryModelRequest: Schema = {
  repositoryName: one(1, 'string'),
  modelName: one(2, 'string'),
  parameters: many(3, () => repositoryParameter),
}

const durationMessage: Schema = { count: one(1, 'integer'), ns: one(2, 'integer') }

const inferStatisticsMessage: Schema = {
  success: one(1, () => durationMessage),
  fail: one(2, () => durationMessage),
  queue: one(3, () => durationMessage),
  compute_input: one(4, () => durationMessage),
  compute_infer: one(5, () => durationMessage),
  compute_output: one(6, () => durationMessage),
  cache_hit: one(7, () => durationMessage),
  cache_miss: one(8, () => durationMessage),
}

const batchStatisticsMessage: Schema = {
  batch_size: one(1, 'integer'),
  compute_input: one(2, () => durationMessage),
  compute_infer: one(3, () => durationMessage),
  compute_output: one(4, () => durationMessage),
}

const modelStatisticsMessage: Schema = {
  name: one(1, 'string'),
  version: one(2, 'string'),
  last_inference: one(3, 'integer'),
  inference_count: one(4, 'integer'),
  execution_count: one(5, 'integer'),
  inference_stats: one(6, () => inferStatisticsMessage),
  batch_stats: many(7, () => batchStatisticsMessage),
}

/** Names as in Triton's JSON, so that the answer of REST is the message. */
export const statisticsMessage: Schema = { model_stats: many(1, () => modelStatisticsMessage) }

const configTensorMessage = (dims: number): Schema => ({
  name: one(1, 'string'),
  dataType: one(2, 'integer'),
  dims: many(dims, 'integer'),
})
const configInputMessage = configTensorMessage(4)
const configOutputMessage = configTensorMessage(3)

/** The part of model_config.proto that clients read: names, types and shapes. */
const modelConfigMessage: Schema = {
  name: one(1, 'string'),
  platform: one(2, 'string'),
  maxBatchSize: one(4, 'integer'),
  input: many(5, () => configInputMessage),
  output: many(6, () => configOutputMessage),
}

export const modelConfigResponse: Schema = { config: one(1, () => modelConfigMessage) }

/** Position is the number in model_config.proto's DataType. */
export const configDatatypes = [
  'INVALID',
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const

/** grpc.health.v1: what is asked about, and 1 SERVING, 2 NOT_SERVING, 3 SERVICE_UNKNOWN. */
export const healthRequest: Schema = { service: one(1, 'string') }
export const healthResponse: Schema = { status: one(1, 'integer') }
