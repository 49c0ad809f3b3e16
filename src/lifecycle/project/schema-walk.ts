import type { $ZodType, $ZodTypes } from 'zod/v4/core'
import type { ProjectPath } from './contract.ts'

/**
 * A schema and everything it wraps or chooses from, down to the next field or entry: `optional(union(a, b))` gives
 * four. Zod's issues name keys and values, not schemas; this finds what they were held against.
 */
export function layersOf(schema: $ZodType): $ZodTypes[] {
  const layers = new Set<$ZodTypes>()
  const pending = [schema]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const layer = next as $ZodTypes
    if (layers.has(layer)) continue
    layers.add(layer)
    pending.push(...innerOf(layer))
  }
  return [...layers]
}

function innerOf({ _zod: { def } }: $ZodTypes): readonly $ZodType[] {
  if (def.type === 'union') return def.options.toReversed() // The caller takes from the end.
  if (def.type === 'intersection') return [def.right, def.left]
  if (def.type === 'lazy') return [def.getter()]
  // Of a preprocessing step only what comes after it describes the file.
  if (def.type === 'pipe') return [(def.in as $ZodTypes)._zod.def.type === 'transform' ? def.out : def.in]
  // Optional, nullable, default and their like.
  return 'innerType' in def ? [def.innerType] : []
}

/** What stands under a field or entry. */
function childrenOf(schema: $ZodType, segment: string | number): $ZodType[] {
  return layersOf(schema).flatMap(({ _zod: { def } }) => {
    if (def.type === 'record') return [def.valueType]
    if (def.type === 'array') return [def.element]
    if (def.type === 'tuple') return def.items[Number(segment)] ?? def.rest ?? []
    if (def.type !== 'object') return []
    return (Object.hasOwn(def.shape, segment) ? def.shape[segment] : def.catchall) ?? []
  })
}

/** Every schema, wrapped or not, that a path can be held against. */
function schemasAt(schema: $ZodType, path: ProjectPath): $ZodTypes[] {
  let found: $ZodType[] = [schema]
  for (const segment of path) found = found.flatMap((candidate) => childrenOf(candidate, segment))
  return found.flatMap(layersOf)
}

/**
 * The fields that may stand in the mapping at `path`. Where there are several forms, only those that the mapping
 * already follows are asked: a step with `sql` gets no suggestion from steps with `run`.
 */
export function fieldsAt(schema: $ZodType, path: ProjectPath, value: unknown): string[] {
  const forms: Readonly<Record<string, $ZodType>>[] = []
  for (const layer of schemasAt(schema, path)) {
    const { def } = layer._zod
    if (def.type === 'object') forms.push(def.shape)
    if (def.type === 'record' && def.keyType._zod.values !== undefined) {
      forms.push(
        Object.fromEntries([...def.keyType._zod.values].map((name) => [String(name), def.valueType])),
      )
    }
  }
  const present = typeof value === 'object' && value !== null ? value : {}
  const followed = forms.filter((shape) => follows(shape, present as Record<string, unknown>))
  return [...new Set((followed.length > 0 ? followed : forms).flatMap((shape) => Object.keys(shape)))]
}

function follows(
  shape: Readonly<Record<string, $ZodType>>,
  value: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(shape).every(([name, field]) => {
    if (!Object.hasOwn(value, name)) return field._zod.optin !== undefined
    const { values } = field._zod
    return values === undefined || values.has(value[name] as string)
  })
}

/** The first description written for what stands at a path. */
export function descriptionAt(schema: $ZodType, path: ProjectPath): string | undefined {
  for (const layer of schemasAt(schema, path)) {
    const { description } = layer as { readonly description?: string }
    if (description !== undefined) return description
  }
  return undefined
}

/** The description written for the names of a record. */
export function keyDescriptionAt(schema: $ZodType, path: ProjectPath): string | undefined {
  for (const {
    _zod: { def },
  } of schemasAt(schema, path)) {
    const description = def.type === 'record' ? descriptionAt(def.keyType, []) : undefined
    if (description !== undefined) return description
  }
  return undefined
}

/** The forms of the union at a path; which union is told by their number, because unions may nest. */
export function optionsAt(schema: $ZodType, path: ProjectPath, count: number): readonly $ZodType[] {
  for (const layer of schemasAt(schema, path)) {
    const { def } = layer._zod
    if (def.type === 'union' && def.options.length === count) return def.options
  }
  return []
}
