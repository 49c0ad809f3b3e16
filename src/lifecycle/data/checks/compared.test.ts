import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ada, openWorkshop } from '../service.fixture.ts'

const section = `airports:
  source: { files: airports.csv }
  mode: replace
flights:
  source: { files: 'flights/*.csv' }
  expectations:
    - references: { columns: [from, country], dataset: airports, to: [code, country] }
    - row_count_ratio: { maximum: 3 }
    - psi: { column: delay, reference: previous, at_most: 0.2 }
      severity: info`

test('checks compare with another dataset and the version before, and judge anew when those change', async () => {
  await using workshop = await openWorkshop(section)
  const { service, write } = workshop
  await write('airports.csv', ['code,country', 'BER,DE', 'CDG,FR'])
  await write('flights/1.csv', ['from,country,delay', 'BER,DE,1', 'CDG,FR,2', ',,3'])
  const early = await service.add('flights', {}, ada)
  const early1 = early.arrivals[0]?.rejection?.validation?.checks[0]
  assert.deepEqual([early.created, early1?.outcome], [false, 'error'])
  assert.match(early1?.found ?? '', /"airports" has no version yet/)

  await service.add('airports', {}, ada)
  const first = await service.add('flights', {}, ada)
  assert.equal(first.created, true, 'the same bytes are judged again, because there are airports now')
  const outcomes = first.arrivals[0]?.validation?.checks.map(({ kind, outcome }) => `${kind} ${outcome}`)
  assert.deepEqual(outcomes?.slice(0, 2), ['references pass', 'row_count_ratio pass'])

  await write('flights/2.csv', ['from,country,delay', 'BER,FR,1', 'MAD,ES,2'])
  const wrong = await service.add('flights', {}, ada)
  const check = wrong.arrivals.find(({ state }) => state === 'rejected')?.rejection?.validation?.checks[1]
  assert.deepEqual([check?.kind, check?.unexpected, check?.considered], ['references', 2, 2])
  assert.deepEqual(
    check?.samples.map(({ row }) => row),
    [1, 2],
  )

  await write('airports.csv', ['code,country', 'BER,DE', 'BER,FR', 'CDG,FR', 'MAD,ES'])
  await service.add('airports', {}, ada)
  const right = await service.add('flights', {}, ada)
  assert.equal(right.created, true)
  await write('flights/3.csv', ['from,country,delay', ...Array.from({ length: 15 }, () => 'BER,DE,9')])
  const many = await service.add('flights', {}, ada)
  assert.match(
    many.arrivals.find(({ state }) => state === 'rejected')?.rejection?.message ?? '',
    /divided by/,
  )
})
