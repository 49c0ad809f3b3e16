import { modulo97, passesLuhn, passesModulo1110, weightedSum } from './check-digits.ts'

/** US Social Security number: areas 000, 666 and 900 up, group 00 and serial 0000 are never given. */
export function isSocialSecurityNumber(text: string): boolean {
  return /^(?!000|666|9)\d{3}([- ]?)(?!00)\d{2}\1(?!0000)\d{4}$/.test(text)
}

/** UK National Insurance number: letters that are never given, and the suffix A to D (HMRC NIM39110). */
export function isNationalInsuranceNumber(text: string): boolean {
  const number = text.replaceAll(' ', '').toUpperCase()
  if (!/^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(number)) return false
  return !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(number)
}

/** German tax id: 11 digits, exactly one of the first ten twice or three times, ISO 7064 MOD 11,10. */
export function isGermanTaxId(text: string): boolean {
  const digits = text.replaceAll(' ', '')
  if (!/^[1-9]\d{10}$/.test(digits)) return false
  const counts = new Map<string, number>()
  for (const digit of digits.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  const repeated = [...counts.values()].filter((count) => count > 1)
  if (repeated.length !== 1 || (repeated[0] ?? 0) > 3) return false
  return passesModulo1110(digits)
}

/** French NIR: sex, year, month, department (2A and 2B on Corsica), commune, order; the key is 97 − n mod 97. */
export function isFrenchSocialSecurityNumber(text: string): boolean {
  const number = text.replaceAll(/[ .]/g, '').toUpperCase()
  if (!/^[1278]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{6}\d{2}$/.test(number)) return false
  // INSEE: 2A counts as 19 and 2B as 18.
  const body = number.slice(0, 13).replace('2A', '19').replace('2B', '18')
  return 97 - modulo97(body) === Number(number.slice(13))
}

const spanishLetters = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** Spanish DNI (8 digits) or NIE (X, Y or Z and 7 digits) with its letter. */
export function isSpanishIdentity(text: string): boolean {
  const id = text.replaceAll(/[ -]/g, '').toUpperCase()
  if (!/^(?:\d{8}|[XYZ]\d{7})[A-Z]$/.test(id)) return false
  const digits = id.slice(0, -1).replace('X', '0').replace('Y', '1').replace('Z', '2')
  return spanishLetters[Number(digits) % 23] === id.at(-1)
}

const oddValues: Readonly<Record<string, number>> = Object.fromEntries(
  Array.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ').map((sign, index) => {
    const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]
    const letters = [
      1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
    ]
    return [sign, (index < 10 ? odd[index] : letters[index - 10]) ?? 0]
  }),
)

/** Italian codice fiscale (D.M. 23 December 1976), also with letters in place of digits against doubles. */
export function isItalianTaxCode(text: string): boolean {
  const code = text.replaceAll(' ', '').toUpperCase()
  if (
    !/^[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]$/.test(code)
  ) {
    return false
  }
  const sum = Array.from(code.slice(0, 15)).reduce((total, sign, index) => {
    const even = sign >= 'A' ? sign.charCodeAt(0) - 65 : Number(sign)
    return total + (index % 2 === 0 ? (oddValues[sign] ?? 0) : even)
  }, 0)
  return String.fromCharCode(65 + (sum % 26)) === code.at(-1)
}

/** Dutch BSN: the eleven test with −1 for the last digit; 8 digits have a 0 in front. */
export function isDutchServiceNumber(text: string): boolean {
  const digits = text.replaceAll(/[ .]/g, '').padStart(9, '0')
  if (!/^\d{9}$/.test(digits) || text.length < 8 || /^0+$/.test(digits)) return false
  return weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
}

/** Polish PESEL: date of birth with the century in the month, weights 1 3 7 9. */
export function isPesel(text: string): boolean {
  if (!/^\d{11}$/.test(text)) return false
  const month = Number(text.slice(2, 4)) % 20
  const day = Number(text.slice(4, 6))
  if (month < 1 || month > 12 || day < 1 || day > 31) return false
  const check = (10 - (weightedSum(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10
  return check === Number(text[10])
}

/** Belgian national number: 97 − n mod 97, with a 2 in front for those born from 2000 on. */
export function isBelgianNationalNumber(text: string): boolean {
  const digits = text.replaceAll(/[ .-]/g, '')
  if (!/^\d{11}$/.test(digits)) return false
  const [month, day] = [Number(digits.slice(2, 4)), Number(digits.slice(4, 6))]
  if (month > 12 || day > 31) return false
  const body = digits.slice(0, 9)
  const check = Number(digits.slice(9))
  return [body, `2${body}`].some((number) => 97 - modulo97(number) === check)
}

/** Swedish personnummer: a date and Luhn over the last ten digits. */
export function isSwedishPersonalNumber(text: string): boolean {
  const match = /^(?:19|20)?(\d{2})(\d{2})(\d{2})[-+]?(\d{4})$/.exec(text)
  if (match === null) return false
  const [, year = '', month = '', day = '', serial = ''] = match
  // 60 is added to the day of a coordination number.
  const date = Number(day) > 60 ? Number(day) - 60 : Number(day)
  if (Number(month) < 1 || Number(month) > 12 || date < 1 || date > 31) return false
  return passesLuhn(year + month + day + serial)
}

/** Brazilian CPF: two check digits modulo 11. */
export function isCpf(text: string): boolean {
  const digits = text.replaceAll(/[. -]/g, '')
  if (!/^\d{11}$/.test(digits) || /^(\d)\1*$/.test(digits)) return false
  const check = (length: number): number => {
    const weights = Array.from({ length }, (_, index) => length + 1 - index)
    return ((weightedSum(digits, weights) * 10) % 11) % 10
  }
  return check(9) === Number(digits[9]) && check(10) === Number(digits[10])
}

/** Canadian social insurance number: Luhn over nine digits; 0 and 8 are never first. */
export function isSocialInsuranceNumber(text: string): boolean {
  return /^[1-79]\d{2}([- ])\d{3}\1\d{3}$/.test(text) && passesLuhn(text.replaceAll(/[- ]/g, ''))
}

/** Indian Aadhaar: twelve digits, not starting with 0 or 1, Verhoeff. */
export function isAadhaar(text: string): boolean {
  if (!/^[2-9]\d{3}([ -]?)\d{4}\1\d{4}$/.test(text)) return false
  let check = 0
  const digits = Array.from(text.replaceAll(/[ -]/g, '')).reverse()
  for (const [index, digit] of digits.entries()) {
    check = dihedral(check, permuted(index, Number(digit)))
  }
  return check === 0
}

/** The product in the dihedral group of order ten. */
function dihedral(left: number, right: number): number {
  if (left < 5) return right < 5 ? (left + right) % 5 : ((left + right) % 5) + 5
  return right < 5 ? ((left - right + 5) % 5) + 5 : (left - right + 10) % 5
}

function permuted(times: number, digit: number): number {
  const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
  let value = digit
  for (let count = 0; count < times % 8; count++) value = permutation[value] ?? 0
  return value
}
