/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding/), driven by a table of fields, or field by
 * field for messages where that is too slow. Only what ONNX and gRPC use: varints, 32- and 64-bit floats,
 * length-delimited fields. Fields that the table does not know survive a read and a write unchanged, so that editing a
 * foreign model does not drop what a newer ONNX added to it.
 */
export type Scalar = 'integer' | 'float' | 'double' | 'string' | 'bytes'

export interface Field {
  readonly tag: number
  /** A message's table comes from a function, because messages contain one another. */
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

/** Writes a message field by field. Fields come out in the order in which they are written. */
export class ProtobufWriter {
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

  integer(tag: number, value: Integer): void {
    this.varint((tag << 3) | VARINT)
    this.varint(value)
  }

  delimited(tag: number, bytes: Uint8Array): void {
    this.varint((tag << 3) | DELIMITED)
    this.varint(bytes.length)
    this.raw(bytes)
  }

  string(tag: number, value: string): void {
    this.delimited(tag, text.encoder.encode(value))
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
  const writer = new ProtobufWriter()
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

function writePacked(writer: ProtobufWriter, field: Field, values: ArrayLike<number>): void {
  if (values.length === 0) return
  const inner = new ProtobufWriter()
  for (let i = 0; i < values.length; i++) writeNumber(inner, field.kind, values[i] as number)
  writer.delimited(field.tag, inner.finish())
}

function writeNumber(writer: ProtobufWriter, kind: Field['kind'], value: Integer): void {
  if (kind === 'float' || kind === 'double') writer.fixed(Number(value), kind)
  else writer.varint(value)
}

function writeField(writer: ProtobufWriter, { tag, kind }: Field, value: unknown): void {
  if (typeof kind === 'function') return writer.delimited(tag, encodeMessage(kind(), value as Message))
  if (kind === 'string') return writer.delimited(tag, text.encoder.encode(value as string))
  if (kind === 'bytes') return writer.delimited(tag, value as Uint8Array)
  writer.varint((tag << 3) | (kind === 'integer' ? VARINT : kind === 'float' ? FIXED32 : FIXED64))
  writeNumber(writer, kind, value as Integer)
}

/** A place in bytes. */
export interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

/** What a field holds: a varint, or the bytes of every other kind. */
export type Payload = Integer | Cursor

/**
 * Calls `visit` for every field in order. Byte fields are views into `bytes`, not copies. Throws RangeError on bytes that
 * are not a message.
 */
export function readFields(bytes: Uint8Array, visit: (tag: number, payload: Payload) => void): void {
  const cursor: Cursor = { bytes, at: 0 }
  while (cursor.at < bytes.length) {
    const key = Number(readVarint(cursor))
    visit(key >>> 3, readPayload(cursor, key & 7))
  }
}

/** The bytes of a length-delimited field. Throws RangeError for a field of another kind. */
export function bytesOf(payload: Payload): Uint8Array {
  if (typeof payload === 'object') return payload.bytes
  throw new RangeError('protobuf field: unexpected integer')
}

export function integerOf(payload: Payload): Integer {
  if (typeof payload !== 'object') return payload
  throw new RangeError('protobuf field: expected an integer')
}

export function textOf(payload: Payload): string {
  return text.decoder.decode(bytesOf(payload))
}

/** Byte fields are views into `bytes`, not copies. Throws RangeError on bytes that are not this message. */
export function decodeMessage(schema: Schema, bytes: Uint8Array): Message {
  const byTag = new Map(Object.entries(schema).map(([name, field]) => [field.tag, { name, field }]))
  const message: Record<string, unknown> = {}
  const unknownFields: Uint8Array[] = []
  for (const [name, field] of Object.entries(schema)) if (field.repeated) message[name] = []
  const cursor: Cursor = { bytes, at: 0 }
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
  if (size < 0) throw new RangeError(`protobuf wire type ${wire} is not read`)
  const start = cursor.at
  cursor.at += size
  if (cursor.at > cursor.bytes.length) throw new RangeError('protobuf bytes end in the middle of a field')
  return { bytes: cursor.bytes.subarray(start, cursor.at), at: 0 }
}

function toValue(kind: Field['kind'], payload: Payload): unknown {
  if (kind === 'integer') return integerOf(payload)
  const bytes = bytesOf(payload)
  if (typeof kind === 'function') return decodeMessage(kind(), bytes)
  if (kind === 'string') return text.decoder.decode(bytes)
  if (kind === 'bytes') return bytes
  return kind === 'float' ? viewOf(bytes).getFloat32(0, true) : viewOf(bytes).getFloat64(0, true)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Adds what a repeated field holds to `items`: one value, or many when numbers are packed. */
export function readItems(kind: Field['kind'], payload: Payload, items: unknown[]): void {
  if (!isNumeric(kind) || typeof payload !== 'object') {
    items.push(toValue(kind, payload))
    return
  }
  const { bytes } = payload
  if (kind === 'integer') {
    while (payload.at < bytes.length) items.push(readVarint(payload))
    return
  }
  const size = kind === 'float' ? 4 : 8
  const view = viewOf(bytes)
  for (let at = 0; at < bytes.length; at += size)
    items.push(kind === 'float' ? view.getFloat32(at, true) : view.getFloat64(at, true))
}

/** The same bytes as a Buffer. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
