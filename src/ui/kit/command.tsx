import { useState } from 'react'
import { Button } from './controls.tsx'
import styles from './command.module.css'

/** Says for a moment that it was done. Without HTTPS, away from this machine, a browser has no clipboard to write to. */
function useCopy(): [copied: boolean, copy: (text: string) => void] {
  const [copied, setCopied] = useState(false)
  const copy = async (text: string): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return [copied, (text) => void copy(text)]
}

/** Lines to copy as a whole. */
export function CodeBlock({ label, text }: { label: string; text: string }) {
  const [copied, copy] = useCopy()
  return (
    <div className={styles['block']}>
      <pre
        role="region"
        aria-label={label}
        // A region that scrolls must be reachable by keyboard (WCAG 2.1.1).
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
      >
        <code>{text}</code>
      </pre>
      <Button onClick={() => copy(text)}>
        {copied ? 'Copied' : 'Copy'}
        <span className="visually-hidden"> {label}</span>
      </Button>
    </div>
  )
}

/** A command to type, with a button that copies it. */
export function Command({ line }: { line: string }) {
  const [copied, copy] = useCopy()
  return (
    <span className={styles['command']}>
      <code>
        <span aria-hidden="true">$ </span>
        {line}
      </code>
      <button type="button" onClick={() => copy(line)} aria-label={`Copy: ${line}`}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </span>
  )
}

/** A digest or id: short to read, whole in the tooltip, copied by a click. */
export function Copyable({ text, short = text }: { text: string; short?: string }) {
  const [copied, copy] = useCopy()
  return (
    <button
      type="button"
      className={styles['copyable']}
      title={`${text}\nClick to copy`}
      onClick={() => copy(text)}
    >
      {copied ? 'copied' : short}
    </button>
  )
}
