import { useState } from 'react'

const keptLooks = 90

type Trails = Readonly<Record<string, readonly number[]>>

/** What some numbers were at the last looks, since the page was opened. @param at when they were looked at */
export function useTrails(values: Readonly<Record<string, number | undefined>>, at: number): Trails {
  const [kept, setKept] = useState<{ readonly at: number; readonly trails: Trails }>({ at: 0, trails: {} })
  if (at === kept.at) return kept.trails
  const trails = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      // A process that was away has another course to tell.
      value === undefined ? [] : [...(kept.trails[name] ?? []), value].slice(-keptLooks),
    ]),
  )
  // While it renders, as React has it for state that follows what is given: without it the page would draw twice.
  setKept({ at, trails })
  return trails
}
