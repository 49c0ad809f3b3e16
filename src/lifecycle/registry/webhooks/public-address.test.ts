import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isPublicAddress } from './public-address.ts'

it('knows hosts on the public Internet from everything else, however an address is written', () => {
  const open = ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '223.255.255.255']
  open.push(
    '2606:4700:4700::1111',
    '2a00:1450:4001::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::1',
  )
  const hidden = ['127.0.0.1', '127.255.255.255', '0.0.0.0', '10.1.2.3', '100.64.0.1', '169.254.169.254']
  hidden.push(
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
  )
  hidden.push('203.0.113.9', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255')
  hidden.push(
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '2001:db8::1',
    '2001::1',
  )
  hidden.push(
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '3fff::1',
  )
  hidden.push('64:ff9b:1::1', '::127.0.0.1', '100::1', 'localhost', '', '1.2.3', '0x7f.1')
  assert.deepEqual(
    open.filter((address) => !isPublicAddress(address)),
    [],
  )
  assert.deepEqual(hidden.filter(isPublicAddress), [])
})
