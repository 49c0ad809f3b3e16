import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { fail } from '#contract/errors'
import { modelSignatureSchema, type ModelSignature } from '#lifecycle/tracking/index'

/** Outputs may be left out: what the graph gives counts. */
const statedSchema = modelSignatureSchema.partial({ outputs: true })

export async function readSignature(path: string | undefined): Promise<ModelSignature | undefined> {
  if (path === undefined) return undefined
  const text = await readFile(path, 'utf8').catch(() =>
    fail('not_found', `There is no file ${path}.`, { at: 'signature' }),
  )
  const parsed = statedSchema.safeParse(parseJson(text, path))
  if (parsed.success) return { inputs: parsed.data.inputs, outputs: parsed.data.outputs ?? [] }
  return fail(
    'invalid_input',
    `${path} is not a signature: ${z.prettifyError(parsed.error).split('\n')[0] ?? ''}`,
    {
      hint: 'Such as {"inputs": [{"name": "age", "type": "float", "required": false}]}',
      at: 'signature',
    },
  )
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return fail('invalid_input', `${path} is not JSON.`, { at: 'signature' })
  }
}
