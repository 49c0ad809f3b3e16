import type { TensorDatatype } from './datatype.ts'

/** Little-endian values as they came, or numbers that a client wrote one by one. */
export type NumericValues =
  | Float64Array
  | Float32Array
  | Float16Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array

/** A tensor of a request whose shape and number of values have been checked; its values have not, unless they are typed. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: TensorDatatype
  /** Row-major: typed numbers of the datatype (BOOL as bytes), or a list of JSON values, or of texts for BYTES. */
  readonly values: NumericValues | readonly unknown[]
  /** Names its place in errors, such as `inputs[2]`. */
  readonly at: string
}

export function isTyped(values: Tensor['values']): values is NumericValues {
  return ArrayBuffer.isView(values)
}
