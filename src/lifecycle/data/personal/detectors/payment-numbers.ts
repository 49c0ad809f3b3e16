import { modulo97, passesLuhn } from './check-digits.ts'

/** Prefixes and lengths of the issuers in ISO/IEC 7812 that are in use: a number of another length is no card. */
const issuers: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [13, 16, 19] }, // Visa
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] }, // Mastercard
  { prefix: /^3[47]/, lengths: [15] }, // American Express
  { prefix: /^(?:30[0-5]|3095|36|3[89])/, lengths: [14, 16, 17, 18, 19] }, // Diners Club
  { prefix: /^(?:6011|64[4-9]|65)/, lengths: [16, 17, 18, 19] }, // Discover
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] }, // JCB
  { prefix: /^62/, lengths: [16, 17, 18, 19] }, // UnionPay
  { prefix: /^(?:50|5[6-9]|6[0-9])/, lengths: [12, 13, 14, 15, 16, 17, 18, 19] }, // Maestro
]

export function isCardNumber(text: string): boolean {
  if (!/^[0-9](?:[ -]?[0-9]){11,18}$/.test(text)) return false
  const digits = text.replaceAll(/[ -]/g, '')
  if (/^(\d)\1*$/.test(digits) || !passesLuhn(digits)) return false
  return issuers.some(({ prefix, lengths }) => prefix.test(digits) && lengths.includes(digits.length))
}

/** Lengths by country, SWIFT's IBAN registry (release 99). */
const accountLengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

/** ISO 13616: a country's length, and MOD 97-10 of the rearranged text is 1. */
export function isIban(text: string): boolean {
  if (!/^[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}$/.test(text)) return false
  const account = text.replaceAll(/[ -]/g, '').toUpperCase()
  if (accountLengths[account.slice(0, 2)] !== account.length) return false
  return modulo97(account.slice(4) + account.slice(0, 4)) === 1
}
