import type { Node, Tensor } from '#platform/onnx/index'

/**
 * What a model's graph does with raw columns before the trainer's nodes see them. Plain data: it goes to the thread that
 * fits, and the thread needs no code for it.
 */
export interface ModelPreparation {
  readonly nodes: readonly Node[]
  readonly initializers: readonly Tensor[]
  /** Beside the usual ones. */
  readonly operatorSets: readonly { readonly domain?: string; readonly version: number }[]
  /** Raw columns that it reads. */
  readonly inputs: readonly PreparationInput[]
  /** Column of the training table → the wire that holds it, where it is computed. */
  readonly wires: Readonly<Record<string, string>>
}

export interface PreparationInput {
  readonly name: string
  readonly kind: 'number' | 'text' | 'time'
  /** No row of the training table lacked it. */
  readonly required: boolean
}
