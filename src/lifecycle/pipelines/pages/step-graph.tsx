import type { Tone } from '#ui/kit/tone'
import { layersOf } from './step-order.ts'
import styles from './step-graph.module.css'

export interface GraphStep {
  readonly name: string
  readonly kind: string
  readonly needs: readonly string[]
  readonly tone: Tone
}

const box = { width: 128, height: 38 }
const gap = { x: 34, y: 10 }

/** The steps of a pipeline from left to right, each joined to what it needs. */
export function StepGraph({ label, steps }: { label: string; steps: readonly GraphStep[] }) {
  const layers = layersOf(steps)
  const rows = new Map<number, number>()
  const places = new Map(
    steps.map(({ name }) => {
      const layer = layers.get(name) ?? 0
      const row = rows.get(layer) ?? 0
      rows.set(layer, row + 1)
      return [name, { x: layer * (box.width + gap.x), y: row * (box.height + gap.y) }] as const
    }),
  )
  const width = (Math.max(0, ...layers.values()) + 1) * (box.width + gap.x) - gap.x
  const height = Math.max(1, ...rows.values()) * (box.height + gap.y) - gap.y
  return (
    <div className={styles['scroll']}>
      <svg
        viewBox={`-1 -1 ${width + 2} ${height + 2}`}
        width={width + 2}
        height={height + 2}
        role="img"
        aria-label={label}
      >
        {steps.flatMap(({ name, needs }) =>
          needs.map((need) => {
            const [from, to] = [places.get(need), places.get(name)]
            if (from === undefined || to === undefined) return null
            const [x1, y1] = [from.x + box.width, from.y + box.height / 2]
            const [x2, y2] = [to.x, to.y + box.height / 2]
            const middle = (x1 + x2) / 2
            return (
              <path
                key={`${need} ${name}`}
                className={styles['edge']}
                d={`M${x1},${y1}C${middle},${y1} ${middle},${y2} ${x2},${y2}`}
              />
            )
          }),
        )}
        {steps.map(({ name, kind, tone }) => {
          const { x, y } = places.get(name) ?? { x: 0, y: 0 }
          return (
            <g key={name} transform={`translate(${x} ${y})`} className={styles[tone]}>
              <rect className={styles['box']} width={box.width} height={box.height} rx={6} />
              <rect className={styles['stripe']} width={4} height={box.height - 12} x={6} y={6} rx={2} />
              <text x={17} y={16} className={styles['name']}>
                {cut(name)}
              </text>
              <text x={17} y={30} className={styles['kind']}>
                {kind}
              </text>
            </g>
          )
        })}
      </svg>
    </div>
  )
}

function cut(name: string): string {
  return name.length > 16 ? `${name.slice(0, 15)}…` : name
}
