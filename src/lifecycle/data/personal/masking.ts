import {
  defaultMasking,
  type ColumnClass,
  type ColumnClasses,
  type MaskAction,
  type MaskingByClass,
} from './column-class.ts'

/** What happens to the values of a column on their way out. */
export interface ColumnRule {
  readonly class: ColumnClass
  readonly action: Exclude<MaskAction, 'show'>
  /** Width of the bands of a number; undefined: one leading digit, such as 30 to 39 and 5000 to 5999. */
  readonly band: number | undefined
  readonly period: 'month' | 'year'
  readonly prefix: number
}

/** HMAC-SHA-256 with a key that is nowhere to be read: not in a property, a statement or an error. */
export interface MaskingKey {
  /** 64 hexadecimal digits, the same for the same text as long as the key stays. */
  hash(text: string): string
  /** Makes the same hash known to SQL on this connection. Only for connections that run no SQL of a user. */
  lend(tables: { run(sql: string, parameters?: readonly string[]): Promise<void> }): Promise<void>
}

/** The columns of a dataset whose values do not leave as they are. Whoever shows cells goes through this. */
export interface Masking {
  /** By lower-case name, as SQL compares names. Columns that are shown are absent. */
  readonly rules: ReadonlyMap<string, ColumnRule>
  /** Undefined where no key is set: then `hash` masks. */
  readonly key: MaskingKey | undefined
}

const defaultPrefix = 2

/** @param projectWide applies where the dataset says nothing of a class. */
export function maskingFor(
  { columns, masking }: { readonly columns: ColumnClasses; readonly masking: MaskingByClass },
  projectWide: MaskingByClass,
  key: MaskingKey | undefined,
): Masking {
  const rules = new Map<string, ColumnRule>()
  for (const [name, settings] of Object.entries(columns)) {
    const byClass = masking[settings.class] ?? projectWide[settings.class] ?? defaultMasking[settings.class]
    const action = settings.mask ?? byClass
    if (action === 'show') continue
    rules.set(name.toLowerCase(), {
      class: settings.class,
      action,
      band: settings.band,
      period: settings.period ?? 'month',
      prefix: settings.prefix ?? defaultPrefix,
    })
  }
  return { rules, key }
}

export function ruleOf({ rules }: Masking, column: string): ColumnRule | undefined {
  return rules.get(column.toLowerCase())
}

export function hidesAnything({ rules }: Masking): boolean {
  return rules.size > 0
}

const strictest: readonly ColumnRule['action'][] = ['generalise', 'hash', 'mask', 'drop']

/** The stricter rule of two datasets for each column, for what shows rows of both. */
export function stricterOf(left: Masking, right: Masking): Masking {
  const rules = new Map(left.rules)
  for (const [name, rule] of right.rules) {
    const other = rules.get(name)
    const isStricter = other === undefined || strictest.indexOf(rule.action) > strictest.indexOf(other.action)
    if (isStricter) rules.set(name, rule)
  }
  return { rules, key: left.key ?? right.key }
}
