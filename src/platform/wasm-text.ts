/**
 * As much of the WebAssembly binary format (core specification 2, chapter 5) as a function over 32-bit numbers needs. Code
 * is an array of instructions, each the bytes of one, so that a kernel reads like its text form. Locals and parameters are
 * whole numbers; floats live on the stack and in memory.
 */
type Instruction = readonly number[]

const i32 = 0x7f
const noValue = 0x40

/** Unsigned LEB128, section 5.2.2. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return [...bytes, rest]
}

/** Signed LEB128. */
function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value | 0
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

/** The instructions, by the names of the text form. */
export const op = {
  block: [0x02, noValue],
  loop: [0x03, noValue],
  if: [0x04, noValue],
  end: [0x0b],
  return: [0x0f],
  br: (depth: number) => [0x0c, ...unsigned(depth)],
  brIf: (depth: number) => [0x0d, ...unsigned(depth)],
  get: (local: number) => [0x20, ...unsigned(local)],
  set: (local: number) => [0x21, ...unsigned(local)],
  tee: (local: number) => [0x22, ...unsigned(local)],
  constant: (value: number) => [0x41, ...signed(value)],
  /** Alignment is a hint, as a power of two. */
  load: (offset: number) => [0x28, 2, ...unsigned(offset)],
  loadFloat: (offset: number) => [0x2a, 2, ...unsigned(offset)],
  storeFloat: (offset: number) => [0x38, 2, ...unsigned(offset)],
  loadByte: (offset: number) => [0x2d, 0, ...unsigned(offset)],
  eqz: [0x45],
  lessUnsigned: [0x49],
  notLessUnsigned: [0x4f],
  add: [0x6a],
  sub: [0x6b],
  and: [0x71],
  shiftLeft: [0x74],
  floatNotGreater: [0x5f],
  floatAdd: [0x92],
} as const

/** A module that exports one function of 32-bit numbers to one, and its memory. */
export function wasmModule(kernel: {
  readonly parameters: number
  readonly locals: number
  readonly pages: number
  readonly code: readonly Instruction[]
}): Uint8Array<ArrayBuffer> {
  const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes]
  const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)]
  const name = (text: string): number[] => sized([...new TextEncoder().encode(text)])
  const parameters = Array.from({ length: kernel.parameters }, () => i32)
  const body = [1, ...unsigned(kernel.locals), i32, ...kernel.code.flat(), ...op.end]
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  return Uint8Array.from([
    ...magicAndVersion,
    ...section(1, [1, 0x60, ...sized(parameters), 1, i32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...unsigned(kernel.pages)]),
    ...section(7, [2, ...name('run'), 0, 0, ...name('memory'), 2, 0]),
    ...section(10, [1, ...sized(body)]),
  ])
}

/** What is used of the global `WebAssembly`, which the types of Node leave out. */
interface WebAssemblyApi {
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer }
      readonly run: (...parameters: readonly number[]) => number
    }
  }
}

/** Compiles a kernel. */
export function instantiate(
  code: Uint8Array<ArrayBuffer>,
): InstanceType<WebAssemblyApi['Instance']>['exports'] {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }
  return new WebAssembly.Instance(new WebAssembly.Module(code)).exports
}
