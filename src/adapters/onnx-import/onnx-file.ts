import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, sep } from 'node:path'
import { fail } from '#contract/errors'
import { decodeGraph, encodeModel, type Model, type Tensor } from '#platform/onnx/index'

/** Protobuf's own limit for one message: https://protobuf.dev/programming-guides/proto-limits/ */
const sizeLimitBytes = 2 ** 31 - 1

export interface OnnxFile {
  readonly name: string
  /** As it is on disk. */
  readonly bytes: Uint8Array
  /** With the values of all tensors within. */
  readonly model: Model
  /** Files beside it that hold tensors, by their path from its folder. */
  readonly external: ReadonlyMap<string, Uint8Array>
}

/**
 * Reads an ONNX file that may come from anywhere, with the files beside it that it names. Fails with `not_found`,
 * `unreadable_data` or `payload_too_large`; nothing outside of its folder is read.
 */
export async function readOnnxFile(path: string): Promise<OnnxFile> {
  const bytes = await readLimited(path, basename(path))
  const model = decodeGraph(bytes, basename(path))
  const external = new Map<string, Uint8Array>()
  const inline = async (tensor: Tensor): Promise<Tensor> => {
    if ((tensor.externalData ?? []).length === 0) return tensor
    const place = placeOf(tensor)
    const file = external.get(place.location) ?? (await readBeside(path, place.location))
    external.set(place.location, file)
    return inlined(tensor, file, place)
  }
  const initializer: Tensor[] = []
  for (const tensor of model.graph.initializer) initializer.push(await inline(tensor))
  const node = []
  for (const one of model.graph.node) {
    const attribute = []
    for (const each of one.attribute)
      attribute.push(each.t === undefined ? each : { ...each, t: await inline(each.t) })
    node.push({ ...one, attribute })
  }
  if (external.size === 0) return { name: basename(path), bytes, model, external }
  const whole = { ...model, graph: { ...model.graph, initializer, node } }
  const total = [...external.values()].reduce((sum, { length }) => sum + length, bytes.length)
  if (total > sizeLimitBytes) tooLarge(basename(path), total)
  return { name: basename(path), bytes, model: whole, external }
}

/** The model as one file, tensors within. */
export function oneFile({ bytes, model, external }: OnnxFile): Uint8Array {
  return external.size === 0 ? bytes : encodeModel(model)
}

async function readLimited(path: string, name: string): Promise<Uint8Array> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return fail('not_found', `There is no file ${path}.`, { at: path })
  if (!found.isFile()) {
    return fail('unreadable_data', `${name} is not a file.`, {
      hint: 'Name the .onnx file itself.',
      at: path,
    })
  }
  if (found.size > sizeLimitBytes) return tooLarge(name, found.size)
  return readFile(path)
}

function tooLarge(name: string, sizeBytes: number): never {
  return fail(
    'payload_too_large',
    `${name} has ${sizeBytes} bytes with its tensors; ONNX in one piece ends at 2 GiB.`,
    {
      hint: 'Serve a model of this size with its own server, and name that as an upstream of the deployment.',
    },
  )
}

interface TensorPlace {
  readonly location: string
  readonly offset: number
  readonly length: number | undefined
}

function placeOf(tensor: Tensor): TensorPlace {
  const found = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value]))
  const location = found.get('location') ?? ''
  const offset = Number(found.get('offset') ?? 0)
  const length = found.has('length') ? Number(found.get('length')) : undefined
  const isPlace = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  if (!isPlace(offset) || (length !== undefined && !isPlace(length))) {
    fail('unreadable_data', `The tensor "${tensor.name ?? ''}" names no place in "${location}".`)
  }
  const parts = location.split(/[\\/]/)
  if (location === '' || isAbsolute(location) || parts.includes('..') || /^[a-z]:/i.test(location)) {
    fail(
      'unreadable_data',
      `The tensor "${tensor.name ?? ''}" is said to be in "${location}", outside of the model's folder.`,
      {
        hint: 'A model may only name files beside it. Export it again, and do not trust this one.',
      },
    )
  }
  return { location: parts.join('/'), offset, length }
}

/** A link that leads out of the folder leaves it too. */
async function readBeside(path: string, location: string): Promise<Uint8Array> {
  const folder = await realpath(dirname(path))
  const file = await realpath(join(folder, location)).catch(() => undefined)
  if (file === undefined) {
    return fail('not_found', `The model keeps tensors in "${location}", which is not beside it.`, {
      hint: 'Copy all files that the export wrote, with their names.',
    })
  }
  if (!file.startsWith(folder + sep)) {
    return fail('unreadable_data', `"${location}" leads outside of the model's folder.`)
  }
  return readLimited(file, location)
}

function inlined(tensor: Tensor, file: Uint8Array, { location, offset, length }: TensorPlace): Tensor {
  const end = length === undefined ? file.length : offset + length
  if (end > file.length) {
    fail(
      'unreadable_data',
      `The tensor "${tensor.name ?? ''}" ends at byte ${end} of "${location}", which has ${file.length}.`,
      {
        hint: 'The file was cut short; copy it again.',
      },
    )
  }
  const { externalData: _, dataLocation: __, ...rest } = tensor
  return { ...rest, rawData: file.subarray(offset, end) }
}
