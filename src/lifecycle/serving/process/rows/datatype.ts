import type { ColumnType } from '#lifecycle/tracking/contract'

/** Datatypes of the Open Inference Protocol, with the bytes of one element; BYTES has a length of its own per element. */
export const datatypeBytes = {
  BOOL: 1,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: undefined,
} as const satisfies Record<string, number | undefined>

export type TensorDatatype = keyof typeof datatypeBytes

export function isDatatype(text: string): text is TensorDatatype {
  return Object.hasOwn(datatypeBytes, text)
}

/** What each type of a signature is in the protocol. */
export const datatypeOf: Readonly<Record<ColumnType, TensorDatatype>> = {
  boolean: 'BOOL',
  integer: 'INT32',
  long: 'INT64',
  float: 'FP32',
  double: 'FP64',
  string: 'BYTES',
  datetime: 'BYTES',
}

/**
 * What may be sent for each type: what it is, and what widens to it without loss (MLflow's table of casts). Of UINT64, the
 * values are checked too.
 */
export const acceptedDatatypes: Readonly<Record<ColumnType, readonly TensorDatatype[]>> = {
  boolean: ['BOOL'],
  integer: ['INT32', 'INT8', 'INT16', 'UINT8', 'UINT16'],
  long: ['INT64', 'INT32', 'INT8', 'INT16', 'UINT8', 'UINT16', 'UINT32', 'UINT64'],
  float: ['FP32', 'FP16', 'INT8', 'INT16', 'UINT8', 'UINT16'],
  double: ['FP64', 'FP32', 'FP16', 'INT32', 'INT8', 'INT16', 'UINT8', 'UINT16', 'UINT32'],
  string: ['BYTES'],
  datetime: ['BYTES', 'INT64'],
}

/** The whole numbers that each datatype can hold and a JSON number says exactly. */
export const wholeNumberRanges: Readonly<Partial<Record<TensorDatatype, readonly [number, number]>>> = {
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
}
