import { useLayoutEffect, useRef, useState, type RefObject } from 'react'

/** The width of an element, as it changes: charts are drawn in pixels, so that their text keeps its size. */
export function useWidth<Element extends HTMLElement>(first = 600): [RefObject<Element | null>, number] {
  const element = useRef<Element>(null)
  const [width, setWidth] = useState(first)
  useLayoutEffect(() => {
    const { current } = element
    if (current === null) return undefined
    const measure = (): void => setWidth(Math.max(120, Math.floor(current.clientWidth)))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(current)
    return () => observer.disconnect()
  }, [])
  return [element, width]
}
