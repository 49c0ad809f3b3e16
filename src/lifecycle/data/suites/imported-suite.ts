import type { DeclaredType } from '../rows/column-type.ts'

/** An expectation in the form of the project file. */
export type Expectation = Readonly<Record<string, unknown>>

/** Another program's suite in the forms of the project file. */
export interface ImportedSuite {
  readonly format: 'great-expectations' | 'pandera' | 'json-schema'
  readonly expectations: readonly Expectation[]
  /** What has no counterpart: by the name that it has there, with the reason. Nothing is left out in silence. */
  readonly unmapped: readonly Unmapped[]
  /** What was imported and may answer otherwise in rare cases. */
  readonly notes: readonly string[]
}

export interface Unmapped {
  readonly name: string
  readonly reason: string
}

/** A check of the other program that cannot be said here. */
export class NoCounterpart extends Error {}

export function noCounterpart(reason: string): never {
  throw new NoCounterpart(reason)
}

/** The fields that have a value: forms take no null where they take nothing. */
export function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  )
}

/** What RE2 cannot do: look around, refer back, or match possessively. */
export function portablePattern(pattern: unknown): string {
  if (typeof pattern !== 'string' || pattern === '') return noCounterpart('it has no pattern')
  if (/\(\?(?:[=!]|<[=!])/.test(pattern))
    return noCounterpart('its pattern looks around, which RE2 does not do')
  if (/\\[1-9]|\(\?P=/.test(pattern))
    return noCounterpart('its pattern refers back to a group, which RE2 does not do')
  if (/[*+?}]\+|\(\?>/.test(pattern))
    return noCounterpart('its pattern is possessive, which RE2 does not know')
  return pattern
}

const typeNames: readonly (readonly [DeclaredType, RegExp])[] = [
  ['boolean', /^(?:bool|boolean|bool_|booleantype|bit)$/],
  [
    'integer',
    /^(?:u?int\d*|integer|int_|long|short|bigint|smallint|tinyint|hugeint|longtype|integertype|shorttype)$/,
  ],
  [
    'number',
    /^(?:float\d*|float_|double|real|number|decimal.*|numeric.*|doubletype|floattype|decimaltype.*)$/,
  ],
  ['date', /^(?:date|date32.*|datetype)$/],
  ['timestamp', /^(?:datetime.*|timestamp.*|timestamptype)$/],
  [
    'text',
    /^(?:str|string.*|object|varchar.*|char.*|text|nvarchar.*|unicode|stringtype|category|categorical)$/,
  ],
]

/** A type as Pandas, Polars, Spark or a database spells it. */
export function typeNamed(name: unknown): DeclaredType {
  const text = String(name)
    .toLowerCase()
    .replace(/^(?:pandas|numpy|np|pl|polars)\./, '')
  return (
    typeNames.find(([, pattern]) => pattern.test(text))?.[0] ??
    noCounterpart(`the type ${String(name)} has no counterpart`)
  )
}
