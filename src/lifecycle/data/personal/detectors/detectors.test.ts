import assert from 'node:assert/strict'
import test from 'node:test'
import {
  isAddressOfInternet,
  isEmail,
  isHardwareAddress,
  isInternationalPhone,
  isNationalPhone,
} from './contact-values.ts'
import { namedKind } from './column-names.ts'
import * as national from './national-ids.ts'
import { isCardNumber, isIban } from './payment-numbers.ts'

interface Case {
  readonly is: (value: string) => boolean
  /** From the publications of their issuers. */
  readonly valid: readonly string[]
  readonly invalid: readonly string[]
}

const cases: Readonly<Record<string, Case>> = {
  'card numbers': {
    is: isCardNumber,
    valid: [
      '4111111111111111',
      '5555 5555 5555 4444',
      '378282246310005',
      '6011111111111117',
      '3530111333300000',
      '2223003122003222',
    ],
    invalid: ['4111111111111112', '0000000000000000', '79927398713', '1234567812345670', '411111111111111'],
  },
  IBANs: {
    is: isIban,
    valid: [
      'DE89370400440532013000',
      'GB29 NWBK 6016 1331 9268 19',
      'FR1420041010050500013M02606',
      'NO9386011117947',
      'BE68539007547034',
    ],
    invalid: [
      'DE88370400440532013000',
      'DE8937040044053201300',
      'XX89370400440532013000',
      'GB29 NWBK 6016 1331 9268 18',
    ],
  },
  'US social security numbers': {
    is: national.isSocialSecurityNumber,
    valid: ['078-05-1120', '219-09-9999', '219099999'],
    invalid: ['000-12-3456', '666-12-3456', '900-12-3456', '123-00-4567', '123-45-0000', '123-456789'],
  },
  'UK National Insurance numbers': {
    is: national.isNationalInsuranceNumber,
    valid: ['AB 12 34 56 C', 'JG103759A'],
    invalid: ['QQ123456C', 'BG123456A', 'AB123456E', 'AO123456C', 'DA123456C'],
  },
  'German tax ids': {
    is: national.isGermanTaxId,
    valid: ['86095742719', '47036892816', '65929970489'],
    invalid: ['86095742710', '12345678901', '01234567890', '11111111111'],
  },
  'French social security numbers': {
    is: national.isFrenchSocialSecurityNumber,
    valid: ['1 84 12 76 451 089 46', '255081416802538', '2 69 05 49 588 157 80'],
    invalid: ['184127645108947', '384127645108946', '184137645108946'],
  },
  'Spanish DNI and NIE': {
    is: national.isSpanishIdentity,
    valid: ['12345678Z', 'X1234567L', '00000000-T'],
    invalid: ['12345678A', 'X1234567Z', '1234567Z'],
  },
  'Italian codici fiscali': {
    is: national.isItalianTaxCode,
    valid: ['RSSMRA85T10A562S', 'MRTMTT25D09F205Z'],
    invalid: ['RSSMRA85T10A562T', 'RSSMRA85X10A562S', 'RSSMRA85T10A562'],
  },
  'Dutch BSN': {
    is: national.isDutchServiceNumber,
    valid: ['111222333', '123456782'],
    invalid: ['111222334', '000000000', '1234'],
  },
  PESEL: {
    is: national.isPesel,
    valid: ['44051401359', '02070803628'],
    invalid: ['44051401358', '44991401359'],
  },
  'Belgian national numbers': {
    is: national.isBelgianNationalNumber,
    valid: ['93.05.18-223.61', '93051822361', '00012556777'],
    invalid: ['93.05.18-223.62', '93551822361'],
  },
  'Swedish personal numbers': {
    is: national.isSwedishPersonalNumber,
    valid: ['811228-9874', '19811228-9874', '670919-9530'],
    invalid: ['811228-9873', '811328-9874'],
  },
  CPF: {
    is: national.isCpf,
    valid: ['529.982.247-25', '52998224725'],
    invalid: ['529.982.247-24', '11111111111'],
  },
  'Canadian social insurance numbers': {
    is: national.isSocialInsuranceNumber,
    valid: ['130 692 544', '130-692-544'],
    invalid: ['046 454 287', '130692544'],
  },
  'Aadhaar numbers': {
    is: national.isAadhaar,
    valid: ['2341 2341 2346', '999941057058'],
    invalid: ['2341 2341 2345', '1341 2341 2346'],
  },
  'e-mail addresses': {
    is: isEmail,
    valid: ['ada@example.com', 'a.b+c@mail.example.co.uk'],
    invalid: ['ada@example', '@example.com', 'a b@example.com', 'https://user@host/path', 'a@-example.com'],
  },
  'phone numbers': {
    is: (value) => isInternationalPhone(value) || isNationalPhone(value),
    valid: [
      '+49 30 901820',
      '+14155552671',
      '0044 20 7946 0958',
      '(212) 555-0123',
      '212-555-0123',
      '020 7946 0958',
      '06 12 34 56 78',
      '030/9018200',
    ],
    invalid: [
      '4155552671',
      '0000012345',
      '2019-01-01',
      '12.5',
      '1234-5678',
      '100-200',
      '00012345678',
      '2019-01-01 10:00:00',
    ],
  },
  'IP addresses': {
    is: isAddressOfInternet,
    valid: ['192.168.0.1', '2001:db8::1', 'fe80::1%eth0'],
    invalid: ['1.2.3', '256.1.1.1', '12:30', '::'],
  },
  'MAC addresses': {
    is: isHardwareAddress,
    valid: ['00:1B:44:11:3A:B7', '00-1b-44-11-3a-b7'],
    invalid: ['00:1B:44:11:3A', '00:1B-44:11:3A:B7'],
  },
}

for (const [name, { is, valid, invalid }] of Object.entries(cases)) {
  void test(`tells ${name} from what only looks alike`, () => {
    assert.deepEqual(
      valid.filter((value) => !is(value)),
      [],
    )
    assert.deepEqual(invalid.filter(is), [])
  })
}

void test('names of columns are understood in several languages and forms', () => {
  const kinds: Readonly<Record<string, string | undefined>> = {
    customerEmail: 'email',
    'E-Mail': 'email',
    Geburtsdatum: 'birth_date',
    date_of_birth: 'birth_date',
    fecha_de_nacimiento: 'birth_date',
    Prénom: 'person_name',
    Straße: 'address',
    'IP Address': 'ip',
    codice_fiscale: 'national_id',
    race: 'special',
    mobile_number: 'phone',
  }
  for (const [column, kind] of Object.entries(kinds)) assert.equal(namedKind(column), kind, column)
})

void test('names that only hold such a word are left alone', () => {
  const columns = [
    'native_country',
    'race_time',
    'via_point',
    'cell_id',
    'mobile_os',
    'panel',

    'trip_distance',
    'payment_type',
    'store_and_fwd_flag',
    'median_income',
    'registered',
    'casual',
    'mail_cost',
    'name',
    'product_name',
    'card_type',
    'address_count',
    'zip_file',
    'relationship',
    'birth_rate',
  ]
  assert.deepEqual(
    columns.filter((column) => namedKind(column) !== undefined),
    [],
  )
})
