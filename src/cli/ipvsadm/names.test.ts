import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../../bytes/address.ts'
import { systemNames } from './names.ts'
import { ServiceNames } from './service-names.ts'

test('systemNames() knows localhost, and no host that cannot be', async () => {
  const names = systemNames()
  assert.equal(await names.addressOf('localhost'), '127.0.0.1')
  assert.equal(typeof (await names.hostOf(ip('127.0.0.1'))), 'string')
  assert.equal(await names.addressOf('no such host'), undefined)
})

test('ServiceNames reads names, aliases and comments; the first line that matches counts', () => {
  const names = new ServiceNames(
    '# none\nhttp 80/tcp www # web\nother 80/tcp\nhttp 81/tcp\ndomain\t53/udp\nbroken x/tcp\n',
  )
  assert.equal(names.portOf('http', 'TCP'), 80)
  assert.equal(names.portOf('www', 'TCP'), 80)
  assert.equal(names.portOf('http', 'UDP'), undefined)
  assert.equal(names.nameOf(80, 'TCP'), 'http')
  assert.equal(names.nameOf(53, 'UDP'), 'domain')
  assert.equal(names.nameOf(53, 'TCP'), undefined)
  assert.equal(names.portOf('broken', 'TCP'), undefined)
})
