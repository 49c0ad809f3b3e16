/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding/), driven by a table of fields. Only what
 * ONNX uses: varints, 32- and 64-bit floats, length-delimited fields. Fields that the table does not know survive a
 * read and a write unchanged, so that editing a foreign model does not drop what a newer ONNX added to it.
 */
export type Scalar = 'integer' | 'float' | 'double' | 'string' | 'bytes'

export interface Field {
  readonly tag: number
  /** A message's table comes from a function, because ONNX messages contain one another. */
  readonly kind: Scalar | (() => Schema)
  readonly repeated: boolean
}

export type Schema = Readonly<Record<string, Field>>

/** Integers beyond ±2^53 are read as bigint, never rounded. */
export type Integer = number | bigint

/** A decoded message; `unknownFields` holds the raw bytes (key and payload) of fields outside the table. */
export interface Message {
  readonly unknownFields?: readonly Uint8Array[]
}

export const one = (tag: number, kind: Field['kind']): Field => ({ tag, kind, repeated: false })
export const many = (tag: number, kind: Field['kind']): Field => ({ tag, kind, repeated: true })

const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const FIXED32 = 5

const text = { encoder: new TextEncoder(), decoder: new TextDecoder() }

class Writer {
  private bytes = new Uint8Array(1024)
  private view = new DataView(this.bytes.buffer)
  private length = 0

  /** May replace the buffer: call it before naming `bytes` or `view`. */
  private reserve(more: number): number {
    const start = this.length
    this.length += more
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2))
      grown.set(this.bytes)
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    return start
  }

  varint(value: Integer): void {
    let at = this.reserve(10)
    if (typeof value === 'number' && value >= 0 && value < 0x8000_0000) {
      let rest = value
      for (; rest > 127; rest >>>= 7) this.bytes[at++] = (rest & 127) | 128
      this.bytes[at++] = rest
    } else {
      let rest = BigInt.asUintN(64, BigInt(value))
      for (; rest > 127n; rest >>= 7n) this.bytes[at++] = Number(rest & 127n) | 128
      this.bytes[at++] = Number(rest)
    }
    this.length = at
  }

  fixed(value: number, kind: 'float' | 'double'): void {
    const at = this.reserve(kind === 'float' ? 4 : 8)
    if (kind === 'float') this.view.setFloat32(at, value, true)
    else this.view.setFloat64(at, value, true)
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length)
    this.bytes.set(bytes, at)
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }
}

/** Numbers are written packed, which every protobuf parser reads whether the field is declared packed or not. */
export function encodeMessage(schema: Schema, message: Message): Uint8Array {
  const writer = new Writer()
  for (const [name, field] of Object.entries(schema)) {
    const value = (message as Record<string, unknown>)[name]
    if (value === undefined) continue
    if (!field.repeated) writeField(writer, field, value)
    else if (isNumeric(field.kind)) writePacked(writer, field, value as ArrayLike<number>)
    else for (const item of value as Iterable<unknown>) writeField(writer, field, item)
  }
  for (const bytes of message.unknownFields ?? []) writer.raw(bytes)
  return writer.finish()
}

function isNumeric(kind: Field['kind']): kind is 'integer' | 'float' | 'double' {
  return kind === 'integer' || kind === 'float' || kind === 'double'
}

function writePacked(writer: Writer, field: Field, values: ArrayLike<number>): void {
  if (values.length === 0) return
  const inner = new Writer()
  for (let i = 0; i < values.length; i++) writeNumber(inner, field.kind, values[i] as number)
  writeDelimited(writer, field.tag, inner.finish())
}

function writeNumber(writer: Writer, kind: Field['kind'], value: Integer): void {
  if (kind === 'float' || kind === 'double') writer.fixed(Number(value), kind)
  else writer.varint(value)
}

function writeField(writer: Writer, { tag, kind }: Field, value: unknown): void {
  if (typeof kind === 'function') return writeDelimited(writer, tag, encodeMessage(kind(), value as Message))
  if (kind === 'string') return writeDelimited(writer, tag, text.encoder.encode(value as string))
  if (kind === 'bytes') return writeDelimited(writer, tag, value as Uint8Array)
  writer.varint((tag << 3) | (kind === 'integer' ? VARINT : kind === 'float' ? FIXED32 : FIXED64))
  writeNumber(writer, kind, value as Integer)
}

function writeDelimited(writer: Writer, tag: number, bytes: Uint8Array): void {
  writer.varint((tag << 3) | DELIMITED)
  writer.varint(bytes.length)
  writer.raw(bytes)
}

interface Cursor {
  readonly bytes: Uint8Array
  readonly view: DataView
  at: number
}

function cursorOver(bytes: Uint8Array): Cursor {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 }
}

/** Byte fields are views into `bytes`, not copies. Throws RangeError on bytes that are not this message. */
export function decodeMessage(schema: Schema, bytes: Uint8Array): Message {
  const byTag = new Map(Object.entries(schema).map(([name, field]) => [field.tag, { name, field }]))
  const message: Record<string, unknown> = {}
  const unknownFields: Uint8Array[] = []
  for (const [name, field] of Object.entries(schema)) if (field.repeated) message[name] = []
  const cursor = cursorOver(bytes)
  while (cursor.at < bytes.length) {
    const start = cursor.at
    const key = Number(readVarint(cursor))
    const known = byTag.get(key >>> 3)
    const payload = readPayload(cursor, key & 7)
    if (known === undefined) unknownFields.push(bytes.subarray(start, cursor.at))
    else if (!known.field.repeated) message[known.name] = toValue(known.field.kind, payload)
    else readItems(known.field.kind, payload, message[known.name] as unknown[])
  }
  return unknownFields.length === 0 ? message : { ...message, unknownFields }
}

type Payload = Integer | Cursor

function readVarint(cursor: Cursor): Integer {
  let low = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = readByte(cursor)
    low |= (byte & 127) << shift
    if (byte < 128) return low
  }
  let wide = BigInt(low)
  for (let shift = 28n; shift < 70n; shift += 7n) {
    const byte = readByte(cursor)
    wide |= BigInt(byte & 127) << shift
    if (byte < 128) {
      const signed = BigInt.asIntN(64, wide)
      return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
    }
  }
  throw new RangeError('a protobuf varint has more than ten bytes')
}

function readByte(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at++]
  if (byte === undefined) throw new RangeError('protobuf bytes end in the middle of a field')
  return byte
}

function readPayload(cursor: Cursor, wire: number): Payload {
  if (wire === VARINT) return readVarint(cursor)
  const size =
    wire === FIXED32 ? 4 : wire === FIXED64 ? 8 : wire === DELIMITED ? Number(readVarint(cursor)) : -1
  if (size < 0) throw new RangeError(`protobuf wire type ${wire} does not occur in ONNX`)
  const start = cursor.at
  cursor.at += size
  if (cursor.at > cursor.bytes.length) throw new RangeError('protobuf bytes end in the middle of a field')
  return cursorOver(cursor.bytes.subarray(start, cursor.at))
}

function toValue(kind: Field['kind'], payload: Payload): unknown {
  if (kind === 'integer') {
    if (typeof payload === 'object') throw new RangeError('protobuf field: expected an integer')
    return payload
  }
  if (typeof payload !== 'object') throw new RangeError('protobuf field: unexpected integer')
  if (typeof kind === 'function') return decodeMessage(kind(), payload.bytes)
  if (kind === 'string') return text.decoder.decode(payload.bytes)
  if (kind === 'bytes') return payload.bytes
  return kind === 'float' ? payload.view.getFloat32(0, true) : payload.view.getFloat64(0, true)
}

function readItems(kind: Field['kind'], payload: Payload, items: unknown[]): void {
  if (!isNumeric(kind) || typeof payload !== 'object') {
    items.push(toValue(kind, payload))
    return
  }
  const size = kind === 'float' ? 4 : 8
  if (kind === 'integer') while (payload.at < payload.bytes.length) items.push(readVarint(payload))
  else
    for (let at = 0; at < payload.bytes.length; at += size)
      items.push(kind === 'float' ? payload.view.getFloat32(at, true) : payload.view.getFloat64(at, true))
}
