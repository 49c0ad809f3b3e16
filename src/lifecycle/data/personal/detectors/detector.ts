import type { ColumnClass } from '../column-class.ts'
import {
  isAddressOfInternet,
  isDigitsOfPhone,
  isEmail,
  isHardwareAddress,
  isInternationalPhone,
  isNationalPhone,
  withinText,
} from './contact-values.ts'
import type { NamedKind } from './column-names.ts'
import * as national from './national-ids.ts'
import { isCardNumber, isIban } from './payment-numbers.ts'

export interface Detector {
  /** As it is told: `e-mail address`. */
  readonly name: string
  readonly class: ColumnClass
  matches(value: string): boolean
  /** The name of a column that speaks for this detector. */
  readonly named: NamedKind
  /** How many of random values of the right shape match: 0.1 for one check digit. Decides how many must. */
  readonly chance: number
  /** What the values have to do without the help of the column's name; undefined: the name has to help. */
  readonly unnamedShare: number | undefined
  /** Whole-number columns are looked at, too. */
  readonly integers?: boolean
}

const strong = { class: 'personal', chance: 0, unnamedShare: 0.5 } as const
/** A check digit alone leaves a tenth to chance: nearly all have to match. */
const checked = { class: 'personal', named: 'national_id', chance: 0.1, unnamedShare: 0.98 } as const

/** The first that fits wins: the stricter of two forms stands in front. */
export const detectors: readonly Detector[] = [
  { ...strong, name: 'e-mail address', named: 'email', matches: isEmail },
  { ...strong, name: 'IBAN', named: 'iban', matches: isIban },
  { ...checked, name: 'card number', named: 'card', chance: 0.05, matches: isCardNumber, integers: true },
  { ...strong, name: 'MAC address', named: 'ip', matches: isHardwareAddress },
  { ...strong, name: 'IP address', named: 'ip', unnamedShare: 0.9, matches: isAddressOfInternet },
  {
    ...checked,
    name: 'Italian codice fiscale',
    chance: 0,
    unnamedShare: 0.5,
    matches: national.isItalianTaxCode,
  },
  {
    ...checked,
    name: 'UK National Insurance number',
    chance: 0,
    unnamedShare: 0.9,
    matches: national.isNationalInsuranceNumber,
  },
  {
    ...checked,
    name: 'Spanish DNI or NIE',
    chance: 0.05,
    unnamedShare: 0.9,
    matches: national.isSpanishIdentity,
  },
  {
    ...checked,
    name: 'French social security number',
    chance: 0.01,
    unnamedShare: 0.9,
    matches: national.isFrenchSocialSecurityNumber,
    integers: true,
  },
  { ...checked, name: 'Aadhaar number', matches: national.isAadhaar, integers: true },
  {
    ...checked,
    name: 'Belgian national number',
    chance: 0.02,
    matches: national.isBelgianNationalNumber,
    integers: true,
  },
  { ...checked, name: 'PESEL', chance: 0.04, matches: national.isPesel, integers: true },
  { ...checked, name: 'German tax id', chance: 0.03, matches: national.isGermanTaxId, integers: true },
  { ...checked, name: 'CPF', chance: 0.01, matches: national.isCpf, integers: true },
  { ...checked, name: 'Canadian social insurance number', matches: national.isSocialInsuranceNumber },
  {
    ...checked,
    name: 'Swedish personal number',
    chance: 0.04,
    matches: national.isSwedishPersonalNumber,
    integers: true,
  },
  {
    ...checked,
    name: 'US social security number',
    matches: (value) => /^\d{3}[- ]\d{2}[- ]\d{4}$/.test(value) && national.isSocialSecurityNumber(value),
    chance: 0,
    unnamedShare: 0.9,
  },
  // Nine digits are an id of anything: these need a column that is called so.
  {
    ...checked,
    name: 'US social security number',
    matches: national.isSocialSecurityNumber,
    chance: 0.9,
    unnamedShare: undefined,
    integers: true,
  },
  {
    ...checked,
    name: 'Dutch BSN',
    chance: 0.09,
    unnamedShare: undefined,
    matches: national.isDutchServiceNumber,
    integers: true,
  },
  { ...strong, name: 'phone number', named: 'phone', unnamedShare: 0.8, matches: isPhone },
  {
    ...strong,
    name: 'phone number',
    named: 'phone',
    unnamedShare: undefined,
    matches: isDigitsOfPhone,
    integers: true,
  },
]

function isPhone(value: string): boolean {
  return isInternationalPhone(value) || isNationalPhone(value)
}

/** What a sentence may hold: a share of 1 % of the values is worth a word. */
export const textDetectors: readonly Pick<Detector, 'name' | 'class' | 'matches'>[] = [
  { name: 'e-mail address', class: 'personal', matches: (value) => withinText.email.test(value) },
  { name: 'phone number', class: 'personal', matches: (value) => withinText.phone.test(value) },
]

/** What the name alone is enough for. */
export const namedClasses: Readonly<
  Partial<Record<NamedKind, { readonly name: string; readonly class: ColumnClass }>>
> = {
  person_name: { name: 'name of a person', class: 'personal' },
  address: { name: 'postal address', class: 'personal' },
  birth_date: { name: 'date of birth', class: 'personal' },
  special: { name: 'special category (GDPR article 9)', class: 'special' },
  secret: { name: 'secret', class: 'confidential' },
}
