import type { ReactNode } from 'react'
import styles from './controls.module.css'

export function Button({
  onClick,
  disabled = false,
  plain = false,
  children,
}: {
  onClick: () => void
  disabled?: boolean
  /** Looks like a link. */
  plain?: boolean
  children: ReactNode
}) {
  return (
    <button
      type="button"
      className={plain ? styles['plain'] : styles['button']}
      onClick={onClick}
      disabled={disabled}
    >
      {children}
    </button>
  )
}

export function SearchField({
  label,
  placeholder,
  value,
  onChange,
}: {
  label: string
  placeholder: string
  value: string
  onChange: (value: string) => void
}) {
  return (
    <input
      type="search"
      className={styles['search']}
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

export function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: string
  options: readonly { readonly value: string; readonly title: string }[]
  onChange: (value: string) => void
}) {
  return (
    <label className={styles['choice']}>
      {label}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.title}
          </option>
        ))}
      </select>
    </label>
  )
}
