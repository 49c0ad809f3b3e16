import { useState } from 'react'
import styles from './command.module.css'

/** A command to type, with a button that copies it. */
export function Command({ line }: { line: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(line)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <span className={styles['command']}>
      <code>
        <span aria-hidden="true">$ </span>
        {line}
      </code>
      <button type="button" onClick={() => void copy()} aria-label={`Copy: ${line}`}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </span>
  )
}

/** A digest or id: short to read, whole in the tooltip, copied by a click. */
export function Copyable({ text, short = text }: { text: string; short?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1200)
  }
  return (
    <button
      type="button"
      className={styles['copyable']}
      title={`${text}\nClick to copy`}
      onClick={() => void copy()}
    >
      {copied ? 'copied' : short}
    </button>
  )
}
