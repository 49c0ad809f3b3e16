/** What the name of a column says, in the languages that European tables are mostly written in. */
export type NamedKind =
  | 'email'
  | 'phone'
  | 'card'
  | 'iban'
  | 'national_id'
  | 'ip'
  | 'person_name'
  | 'address'
  | 'birth_date'
  | 'special'
  | 'secret'

/** Words with white space between. */
function list(words: string): readonly string[] {
  return words.trim().split(/\s+/)
}

/** Words joined by `_`; a word matches itself or the words around it: `first_name` is in `customer_first_name`. */
const words: Readonly<Record<NamedKind, readonly string[]>> = {
  email: list(`
    email e_mail mail correo courriel mailadresse emailadresse posta_elettronica
  `),
  phone: list(`
    phone telephone tel mobile cell cellphone fax msisdn telefon telefonnummer handy handynummer mobil
    rufnummer telefono movil celular cellulare telefone telemovel portable telefoon gsm
  `),
  card: list(`
    card card_number credit_card cc_number ccnum pan kreditkarte kartennummer carte tarjeta
  `),
  iban: list(`
    iban account_number bank_account kontonummer konto compte cuenta conto
  `),
  national_id: list(`
    ssn social_security social_security_number sin nino ni_number national_id tax_id national_insurance
    passport passport_number id_card identity_number driver_license steuer_id steuerid steuernummer
    sozialversicherungsnummer svnr ausweis personalausweis reisepass nir numero_secu securite_sociale
    dni nie nif codice_fiscale codfisc bsn pesel personnummer cpf aadhaar curp rijksregisternummer
    burgerservicenummer
  `),
  ip: list(`
    ip ip_address ipaddr remote_addr client_ip ipv4 ipv6 mac_address
  `),
  person_name: list(`
    first_name firstname last_name lastname surname given_name family_name full_name fullname
    maiden_name middle_name person_name customer_name patient_name employee_name contact_name user_name
    username vorname nachname familienname geburtsname prenom nom nom_de_famille nombre apellido
    apellidos cognome nome sobrenome voornaam achternaam imie nazwisko fornamn efternamn
  `),
  address: list(`
    address street street_address address_line home_address postal_address mailing_address house_number
    strasse hausnummer anschrift adresse wohnort rue calle direccion domicilio indirizzo via endereco
    rua adres straat ulica
  `),
  birth_date: list(`
    birth birthday birthdate birth_date date_of_birth dob birth_year year_of_birth born geburtsdatum
    geburtstag geboren geburtsjahr gebdatum naissance date_naissance date_de_naissance nacimiento
    fecha_nacimiento fecha_de_nacimiento nascita data_di_nascita nascimento geboortedatum data_urodzenia
    fodelsedatum
  `),
  special: list(`
    race ethnicity ethnic_group religion religious faith political_party political_affiliation
    union_member trade_union diagnosis icd icd10 disease disability medication blood_type hiv_status
    sexual_orientation genotype fingerprint biometric religionszugehorigkeit konfession diagnose ethnie
    religione diagnostico discapacidad behinderung krankheit gewerkschaft partei
  `),
  secret: list(`
    password passwd passwort secret api_key apikey access_token private_key pin_code cvv cvc
  `),
}

/** Single words that mean something else inside of longer names: `via` alone is a street, `via_point` is none. */
const onlyAlone = new Set(
  list(`
    mail tel mobile cell card pan sin nie nir konto carte compte conto cuenta nom nome nombre via rue
    rua race born birth icd ip address street portable gsm secret
  `),
)

/** Words that may stand beside such a single word without changing what it means. */
const neutral = new Set(
  list(`
    customer client user patient employee person contact home work private business primary secondary
    main billing shipping delivery sender receiver number no nr nummer numero src source dst remote line
    1 2 value text of address name city buyer seller kunde kunden
  `),
)

export function namedKind(column: string): NamedKind | undefined {
  const parts = wordsOf(column)
  const joined = `_${parts.join('_')}_`
  for (const [kind, list] of Object.entries(words) as [NamedKind, readonly string[]][]) {
    if (list.some((word) => joined.includes(`_${word}_`) && isAlone(word, parts))) return kind
  }
  return undefined
}

function isAlone(word: string, parts: readonly string[]): boolean {
  if (!onlyAlone.has(word)) return true
  return parts.every((part) => part === word || neutral.has(part))
}

/** `customerEmail`, `E-Mail`, `Straße` → customer email, e mail, strasse. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '')
}
