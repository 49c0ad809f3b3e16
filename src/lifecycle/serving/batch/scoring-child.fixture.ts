import { setTimeout as pause } from 'node:timers/promises'
import { createOnnxRuntime } from '#adapters/model-runtimes/onnx/index'
import { flightModel, flightSignature } from '../process/fixtures/small-models.ts'
import { scoreFiles } from './score-files.ts'

/** A batch in a process of its own, so that it can be killed. Arguments: the source file, the folder of the parts. */
const [source = '', directory = ''] = process.argv.slice(2)
const runtime = createOnnxRuntime({ threads: 1 })
const model = await runtime.load({
  label: 'flights v1',
  signature: flightSignature,
  format: undefined,
  paths: ['model.onnx'],
  read: () => Promise.resolve(flightModel(0)),
})
const slow: typeof model = {
  ...model,
  score: async (batch) => {
    await pause(5)
    return model.score(batch)
  },
}
const { rows, parts } = await scoreFiles({
  files: [source],
  model: slow,
  label: 'flights v1',
  signature: flightSignature,
  directory,
  signal: new AbortController().signal,
  progress: ({ rows: done }) => process.stdout.write(`${done}\n`),
})
process.stdout.write(`whole ${rows} ${parts.length}\n`)
await runtime.close()
