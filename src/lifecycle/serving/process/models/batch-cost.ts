/** Each batch counts this much less with every further one, so that some thirty of them decide. */
const decay = 0.97

/**
 * What a batch costs: `perBatchMs + perRowMs * rows`, fitted by least squares over the last batches with weights that fade.
 * Learned, because it differs by five orders of magnitude between models, and changes with what else the machine does.
 */
export class BatchCost {
  #weight = 0
  #rows = 0
  #time = 0
  #rowsSquared = 0
  #rowsTime = 0
  perBatchMs = 0
  perRowMs = 0

  observe(rows: number, milliseconds: number): void {
    this.#weight = this.#weight * decay + 1
    this.#rows = this.#rows * decay + rows
    this.#time = this.#time * decay + milliseconds
    this.#rowsSquared = this.#rowsSquared * decay + rows * rows
    this.#rowsTime = this.#rowsTime * decay + rows * milliseconds
    this.#fit()
  }

  /** 0 until something was observed. */
  batchMs(rows: number): number {
    return this.perBatchMs + this.perRowMs * rows
  }

  #fit(): void {
    const meanRows = this.#rows / this.#weight
    const meanTime = this.#time / this.#weight
    const variance = this.#rowsSquared / this.#weight - meanRows * meanRows
    const covariance = this.#rowsTime / this.#weight - meanRows * meanTime
    // Batches of one size say nothing about rows: all is taken for the batch's own cost, which lets more requests wait.
    const slope = variance > 1e-3 * meanRows * meanRows ? Math.max(0, covariance / variance) : 0
    this.perBatchMs = Math.max(0, meanTime - slope * meanRows)
    this.perRowMs = this.perBatchMs > 0 ? slope : meanTime / meanRows
  }
}
