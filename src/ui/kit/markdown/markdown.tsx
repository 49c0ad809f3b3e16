import { Fragment, useMemo, type ReactNode } from 'react'
import { parseInline, parseMarkdown, type Block, type Inline } from './parse-markdown.ts'
import styles from './markdown.module.css'

/** Shows Markdown. React escapes every text, and only the elements below can come out. */
export function Markdown({ source }: { source: string }) {
  const blocks = useMemo(() => parseMarkdown(source), [source])
  return <div className={styles['markdown']}>{keyed(blocks, renderBlock)}</div>
}

/** One line with `code`, *emphasis* and links, such as a hint or a description. */
export function InlineMarkdown({ text }: { text: string }) {
  return keyed(parseInline(text), renderInline)
}

function renderBlock(block: Block): ReactNode {
  switch (block.kind) {
    case 'heading':
      return renderHeading(block.level, keyed(block.content, renderInline))
    case 'paragraph':
      return <p>{keyed(block.content, renderInline)}</p>
    case 'quote':
      return <blockquote>{keyed(block.content, renderInline)}</blockquote>
    case 'code':
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      )
    case 'rule':
      return <hr />
    case 'list': {
      const items = keyed(block.items, (item) => <li>{keyed(item, renderInline)}</li>)
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>
    }
    case 'table':
      return renderTable(block)
  }
}

/** A card is part of a page that has its own h1 and h2. */
function renderHeading(level: number, content: ReactNode): ReactNode {
  if (level === 1) return <h3 className={styles['first']}>{content}</h3>
  if (level === 2) return <h4>{content}</h4>
  return <h5>{content}</h5>
}

function renderTable({ header, alignments, rows }: Extract<Block, { kind: 'table' }>): ReactNode {
  const cell = (tag: 'th' | 'td') => (content: readonly Inline[], index: number) => {
    const align = { textAlign: alignments[index] ?? 'start' }
    const inside = keyed(content, renderInline)
    return tag === 'th' ? (
      <th scope="col" style={align}>
        {inside}
      </th>
    ) : (
      <td style={align}>{inside}</td>
    )
  }
  return (
    <div className={styles['table']}>
      <table>
        <thead>
          <tr>{keyed(header, cell('th'))}</tr>
        </thead>
        <tbody>
          {keyed(rows, (row) => (
            <tr>{keyed(row, cell('td'))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function renderInline(part: Inline): ReactNode {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'code':
      return <code>{part.text}</code>
    case 'strong':
      return <strong>{part.text}</strong>
    case 'emphasis':
      return <em>{part.text}</em>
    case 'link':
      return (
        <a href={part.href} rel="noreferrer">
          {part.text}
        </a>
      )
  }
}

/** A text that is parsed has no identities, only an order. */
function keyed<Part>(parts: readonly Part[], render: (part: Part, index: number) => ReactNode): ReactNode {
  // oxlint-disable-next-line react/no-array-index-key
  return parts.map((part, index) => <Fragment key={index}>{render(part, index)}</Fragment>)
}
