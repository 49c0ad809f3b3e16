import type { ImportReport } from './import-model.ts'

/** The model card of an imported version: where it comes from, and how its scores compare. */
export function importCard(name: string, { parity, ...report }: ImportReport): string {
  const lines = [
    `# ${name}`,
    '',
    ...(report.description === '' ? [] : [report.description, '']),
    `Imported from \`${report.file}\` (${report.digest}).`,
    '',
    `- Producer: ${report.producer || 'not said'}`,
    `- Operator sets: ${Object.entries(report.opsets)
      .map(([domain, version]) => `${domain} ${version}`)
      .join(', ')}`,
    ...(report.classes.length === 0 ? [] : [`- Classes: ${report.classes.join(', ')}`]),
    ...(report.externalFiles.length === 0 ? [] : [`- Tensors from: ${report.externalFiles.join(', ')}`]),
    ...report.renamed.map(([before, now]) => `- Output \`${before}\` is \`${now}\` here`),
    ...report.leftOut.map((output) => `- Output \`${output}\` is no tensor, and left out`),
    ...Object.entries(report.metadata).map(([key, value]) => `- ${key}: ${value}`),
    '',
    '## Parity with the trainer',
    '',
  ]
  if (parity === null) return [...lines, 'Not checked: the import was given no scores.', ''].join('\n')
  const rows = parity.outputs.map(
    ({ output, largestDifference, rowsBeyond, rowsFlipped }) =>
      `| ${output} | ${largestDifference === null ? 'labels' : largestDifference.toPrecision(3)} | ${rowsBeyond} | ${rowsFlipped} |`,
  )
  return [
    ...lines,
    `${parity.rows} rows, tolerance ${parity.tolerance}: ${parity.passed ? 'passed' : '**not passed**, taken all the same'}.`,
    '',
    '| output | largest difference | rows beyond the tolerance | rows that flip |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
