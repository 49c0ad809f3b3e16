import styles from './charts.module.css'

/** Parts of a whole, side by side. */
export function ShareBar({
  label,
  parts,
}: {
  label: string
  parts: readonly { readonly name: string; readonly share: number; readonly color: string }[]
}) {
  return (
    <div className={styles['shares']} role="img" aria-label={label}>
      {parts.map(({ name, share, color }) => (
        <i
          key={name}
          title={`${name}: ${share} %`}
          style={{ flexGrow: share, background: `var(${color})` }}
        />
      ))}
    </div>
  )
}
