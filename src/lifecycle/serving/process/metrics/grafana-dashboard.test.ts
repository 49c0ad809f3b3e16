import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ServingMetrics } from '../metrics.ts'

interface Dashboard {
  readonly uid: string
  readonly schemaVersion: number
  readonly panels: readonly {
    readonly id: number
    readonly title: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets: readonly { readonly expr: string }[]
  }[]
}

const file = new URL('../../../../../deploy/grafana/devmlops-serving.json', import.meta.url)

test('shows nothing in the Grafana dashboard that is not measured', () => {
  const dashboard = JSON.parse(readFileSync(file, 'utf8')) as Dashboard
  const text = new ServingMetrics().render({
    ready: true,
    planRevision: 1,
    models: 0,
    modelBytes: 0,
    queuedRows: 0,
    queuedRequests: 0,
    logs: [],
    aliasedVersions: [],
  })
  const known = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map((match) => match[1] ?? ''))
  const named = dashboard.panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => [...expr.matchAll(/devmlops_\w+/g)].map(([name]) => name)),
  )
  assert.ok(named.length > 20, `saw ${named.length}`)
  const unknown = named.filter(
    (name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|sum|count)$/, '')),
  )
  assert.deepEqual(unknown, [])
})

test('lays the panels of the Grafana dashboard out side by side, with ids of their own', () => {
  const { panels, uid, schemaVersion } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard
  assert.ok(uid !== '' && schemaVersion >= 36)
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const taken = new Set<string>()
  for (const { title, gridPos, targets } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24 && targets.length > 0, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x},${y}`), `${title} lies over another panel`)
        taken.add(`${x},${y}`)
      }
    }
  }
})
