import { useState, type ReactNode } from 'react'
import { Button } from './controls.tsx'
import styles from './fold.module.css'

/** The beginning of something long, and a button that shows the rest. */
export function Fold({ title, children }: { title: string; children: ReactNode }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <div className={isOpen ? undefined : styles['closed']} inert={!isOpen}>
        {children}
      </div>
      <Button plain onClick={() => setOpen(!isOpen)}>
        {isOpen ? 'Show less' : `Show ${title}`}
      </Button>
    </>
  )
}
