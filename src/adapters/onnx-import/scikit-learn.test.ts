import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { environmentVariable } from '#platform/config'
import { decodeModel } from '#platform/onnx/index'
import { parseModel } from '../model-runtimes/compiled/index.ts'
import { prepareImport } from './import-model.ts'

/** A Python that converts scikit-learn's models, where the machine has one. */
const python = environmentVariable('DEVMLOPS_TEST_PYTHON') ?? 'python3'
const hasConverter =
  spawnSync(python, ['-c', 'import skl2onnx, sklearn, pandas'], { stdio: 'ignore' }).status === 0

describe("scikit-learn's models", { skip: hasConverter ? false : 'no Python with skl2onnx' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'scikit-learn-'))
  after(() => rmSync(folder, { recursive: true }))
  if (hasConverter) {
    const script = join(import.meta.dirname, 'scikit_learn_models.fixture.py')
    execFileSync(python, ['-W', 'ignore', script, folder], { stdio: 'ignore' })
  }

  for (const [name, outputs, kind] of [
    ['forest', ['probability', 'label', 'output_probability'], 'trees'],
    ['classes', ['output_label', 'output_probability'], 'trees'],
    ['regression', ['prediction'], 'trees'],
    ['pipeline', ['probability', 'label', 'output_probability'], 'linear'],
  ] as const) {
    it(`score here as there: ${name}`, async () => {
      const { signature, report, files } = await prepareImport({
        path: join(folder, `${name}.onnx`),
        scores: join(folder, `${name}.csv`),
        tolerance: 1e-5,
      })
      assert.deepEqual(
        signature.outputs.map((output) => output.name),
        outputs,
      )
      assert.equal(report.parity?.passed, true, JSON.stringify(report.parity?.outputs))
      assert.match(report.producer, /skl2onnx/)
      const parsed = parseModel(decodeModel(files.get('model.onnx') ?? readFileSync('/dev/null')), signature)
      assert.equal(parsed.model?.predictor.kind, kind, 'reason' in parsed ? parsed.reason : '')
    })
  }
})
