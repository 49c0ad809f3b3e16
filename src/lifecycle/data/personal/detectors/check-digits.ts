/** Luhn (ISO/IEC 7812-1 annex B) over a text of digits. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index])
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return digits.length > 0 && sum % 10 === 0
}

/** Sum of digits times weights. */
export function weightedSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * Number(digits[index]), 0)
}

/** ISO/IEC 7064 MOD 97-10 of letters (A = 10) and digits. */
export function modulo97(text: string): number {
  let rest = 0
  for (const sign of text.toUpperCase()) {
    const value = sign >= 'A' ? sign.charCodeAt(0) - 55 : Number(sign)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest
}

/** ISO/IEC 7064 MOD 11,10: the last digit checks the others. */
export function passesModulo1110(digits: string): boolean {
  let product = 10
  for (const digit of digits.slice(0, -1)) {
    const sum = (Number(digit) + product) % 10
    product = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  const check = 11 - product
  return (check === 10 ? 0 : check) === Number(digits.at(-1))
}
