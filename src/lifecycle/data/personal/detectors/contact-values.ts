import { isIPv4, isIPv6 } from 'node:net'

/** The practical part of RFC 5321: an address that mail could be sent to. */
export function isEmail(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}$/.test(
      text,
    )
  )
}

/** E.164 with its +: a country code does not start with 0, 7 to 15 digits. */
export function isInternationalPhone(text: string): boolean {
  if (!/^(?:\+|00)[1-9][0-9 ().\-/]{6,24}$/.test(text)) return false
  const digits = text.replaceAll(/[^0-9]/g, '').replace(/^00/, '')
  // 00 without any separator is a padded number more often than a phone.
  if (text.startsWith('00') && !/[ ().\-/]/.test(text)) return false
  return digits.length >= 7 && digits.length <= 15
}

/** National forms that separators mark as a phone; digits alone are not told from an id. */
export function isNationalPhone(text: string): boolean {
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) return false
  return (
    // North America: (212) 555-0123, 212-555-0123, 212.555.0123
    /^(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}$/.test(text) ||
    // Europe and elsewhere: a trunk 0, an area and groups: 030/12345678, 020 7946 0958, 06 12 34 56 78
    /^\(?0[1-9]\d{0,4}\)?(?:[ /-]\d{2,8}){1,4}$/.test(text)
  )
}

/** Digits that a column called phone may hold; says nothing without that name. */
export function isDigitsOfPhone(text: string): boolean {
  return /^[0-9]{7,15}$/.test(text)
}

/** Not 0.0.0.0 or 1.2.3.4 alone tell: four numbers with dots are a version too, so the column's name helps. */
export function isAddressOfInternet(text: string): boolean {
  return isIPv4(text) || (text.includes(':') && isIPv6(text.replace(/%\w+$/, '')) && text.length > 3)
}

export function isHardwareAddress(text: string): boolean {
  return /^[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}$/.test(text)
}

/** Values of which a sentence may hold one. */
export const withinText = {
  email: /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}/,
  phone: /(?:^|[^\w+])\+[1-9]\d{0,2}[ (.-]?\d{2,4}[ ).-]{0,2}\d{3,4}[ .-]?\d{2,5}(?!\d)/,
} as const
