import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { Graph, Node } from '#platform/onnx/index'
import { attributesOf, constantOf, notCovered, type Constant, type NodeAttributes } from './node-reading.ts'
import type { Load, MatrixColumn, Slot, SlotType, Step } from './parsed-model.ts'

/** What a name in the graph stands for: a matrix with a row for each row of the batch, or a value that is always the same. */
export type Wire = RowsWire | ConstantWire

export interface RowsWire {
  readonly kind: 'rows'
  readonly slot: number
  readonly type: SlotType
  /** Dimensions: [N], [N, width] or, of one-hot columns, [N, 1, width]. */
  readonly rank: 1 | 2 | 3
  readonly columns: readonly MatrixColumn[]
}

export interface ConstantWire {
  readonly kind: 'constant'
  readonly constant: Constant
}

/** One node while it is read: what it takes, and where its output goes. */
export interface NodeCall {
  readonly node: Node
  readonly attributes: NodeAttributes
  /** The wire of an input by place; refuses what is not there. */
  input(place: number): Wire
  /** The same, which must change with the rows. */
  rows(place: number): RowsWire
  /** The numbers of an input that is a constant; undefined when the input is left out. */
  numbers(place: number): readonly number[] | undefined
  readonly writer: ProgramWriter
}

/** Slots and steps as they are found. */
export class ProgramWriter {
  readonly slots: Slot[] = []
  readonly steps: Step[] = []
  readonly loads: Load[] = []
  readonly wires = new Map<string, Wire>()

  constructor(graph: Graph) {
    for (const tensor of graph.initializer)
      this.wires.set(tensor.name ?? '', { kind: 'constant', constant: constantOf(tensor) })
  }

  readonly #columns = new Map<number, readonly MatrixColumn[]>()

  /** Columns of the batch go to the wire's slot. */
  load({ slot, type, columns }: RowsWire, places: readonly number[]): void {
    this.loads.push({ slot, kind: type === 'text' ? 'text' : 'number', places })
    this.#columns.set(slot, columns)
  }

  columnsOf(slot: number): readonly MatrixColumn[] {
    return this.#columns.get(slot) ?? []
  }

  slot(type: SlotType, width: number): number {
    return this.slots.push({ type, width }) - 1
  }

  /** A slot for a value that all rows share; its width is its number of values. */
  constantSlot({ type, values }: Constant): number {
    return this.slots.push({ type, width: values.length, constant: values }) - 1
  }

  /** Writes a step whose result has the given columns, and gives the wire that holds it. */
  write(result: Pick<RowsWire, 'type' | 'rank' | 'columns'>, step: (to: number) => Step): RowsWire {
    const to = this.slot(result.type, result.columns.length)
    this.steps.push(step(to))
    this.#columns.set(to, result.columns)
    return { kind: 'rows', slot: to, ...result }
  }

  call(node: Node): NodeCall {
    const attributes = attributesOf(node)
    const input = (place: number): Wire =>
      this.wires.get(node.input[place] ?? '') ??
      notCovered(`${node.opType} reads "${node.input[place] ?? ''}", which nothing writes`)
    return {
      node,
      attributes,
      writer: this,
      input,
      rows: (place) => {
        const wire = input(place)
        return wire.kind === 'rows' ? wire : notCovered(`${node.opType} of a constant`)
      },
      numbers: (place) => {
        if ((node.input[place] ?? '') === '') return undefined
        const wire = input(place)
        if (wire.kind === 'rows' || wire.constant.type === 'text')
          return notCovered(`${node.opType} with a parameter that is computed`)
        return Array.from(wire.constant.values)
      },
    }
  }
}

/** Where raw columns come from: among the numbers or the texts of a batch. */
export interface FieldPlace {
  readonly kind: 'number' | 'text'
  readonly place: number
  readonly field: number
}

export function fieldPlaces(signature: ModelSignature): ReadonlyMap<string, FieldPlace> {
  let numbers = 0
  let texts = 0
  return new Map(
    signature.inputs.map(({ name, type, shape }, field) => {
      if (shape !== undefined) notCovered(`"${name}" has more dimensions than a column`)
      return [
        name,
        type === 'string'
          ? { kind: 'text', place: texts++, field }
          : { kind: 'number', place: numbers++, field },
      ]
    }),
  )
}

/** Every raw column that any of these depends on. */
export function sourcesOf(columns: readonly MatrixColumn[]): number[] {
  return [...new Set(columns.flatMap(({ inputs }) => inputs))].toSorted((left, right) => left - right)
}
