import type { Terminal } from '#platform/terminal/index'
import type { PreparedImport } from './import-model.ts'

export interface ImportedVersion {
  readonly name: string
  readonly version: number
  readonly alias: string | undefined
  readonly prepared: PreparedImport
}

export function printImported(terminal: Terminal, { name, version, alias, prepared }: ImportedVersion): void {
  const { report, signature } = prepared
  const named = alias === undefined ? '' : `, and ${name}@${alias}`
  terminal.print(`${terminal.style('✓', 'green')} ${report.file} is ${name} version ${version}${named}`)
  terminal.print(
    `  from ${report.producer || 'an unnamed producer'}: ${signature.inputs.length} inputs, outputs ${signature.outputs.map((output) => output.name).join(', ')}`,
  )
  for (const [before, now] of report.renamed) terminal.print(`  its output "${before}" is "${now}" here`)
  for (const output of report.leftOut) terminal.warn(`Its output "${output}" is no tensor, and left out.`)
  const { parity } = report
  if (parity === null) {
    terminal.print('  scores not compared with the trainer (--scores)')
    return
  }
  for (const { output, largestDifference, rowsBeyond, rowsFlipped } of parity.outputs) {
    const largest =
      largestDifference === null ? '' : `largest difference ${largestDifference.toPrecision(3)}, `
    terminal.print(
      `  ${output}: ${largest}${rowsBeyond} of ${parity.rows} rows beyond ${parity.tolerance}, ${rowsFlipped} flipped`,
    )
  }
  if (!parity.passed) terminal.warn('It does not score as its trainer did, and was taken all the same.')
}
