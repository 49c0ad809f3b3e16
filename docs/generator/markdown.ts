/** Text that may stand in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** A table, or nothing when it has no rows. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line), '']
}

export function fenced(language: string, text: string): string[] {
  return ['```' + language, text.trimEnd(), '```', '']
}

export function code(text: string): string {
  return '`' + text + '`'
}

/** Says at the top of a page where it comes from, so that nobody edits it by hand. */
export function generatedPage(title: string, lines: readonly string[]): string {
  return [`# ${title}`, '', '<!-- Written by `npm run docs`. -->', '', ...lines]
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .replace(/\n*$/, '\n')
}
