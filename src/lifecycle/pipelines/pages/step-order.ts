interface Needing {
  readonly name: string
  readonly needs: readonly string[]
}

/** Each step's column: one further than the last of what it needs. A step that needs nothing is in column 0. */
export function layersOf(steps: readonly Needing[]): ReadonlyMap<string, number> {
  const byName = new Map(steps.map((step) => [step.name, step]))
  const layers = new Map<string, number>()
  const visit = (name: string, above: readonly string[]): number => {
    const known = layers.get(name)
    const step = byName.get(name)
    if (known !== undefined || step === undefined || above.includes(name)) return known ?? 0
    const layer =
      Math.max(
        -1,
        ...step.needs.filter((need) => byName.has(need)).map((need) => visit(need, [...above, name])),
      ) + 1
    layers.set(name, layer)
    return layer
  }
  for (const { name } of steps) visit(name, [])
  return layers
}

/** Steps in an order in which they could run; otherwise as they were written. */
export function inRunningOrder<Step extends Needing>(steps: readonly Step[]): Step[] {
  const layers = layersOf(steps)
  return [...steps].sort((left, right) => (layers.get(left.name) ?? 0) - (layers.get(right.name) ?? 0))
}
