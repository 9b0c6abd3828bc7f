/** The sample configurations that Debian's keepalived brings along: each is judged as keepalived 2.2.7 judges it. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { keepalivedTest } from '../../src/config/keepalived-test.ts'
import { loadConfiguration } from '../../src/config/load.ts'

const DIRECTORY = '/usr/share/doc/keepalived/samples'
const INTERFACES = ['lo', 'eth0', 'eth0.1', 'eth1', 'eth2', 'eth3']

const hasInterface = (name: string) => INTERFACES.includes(name)

/** What `keepalived -t` ends with where the interfaces above exist. */
const STATUSES: Readonly<Record<string, number>> = {
  'HTTP_GET.port': 0,
  IPv6: 0,
  PING_CHECK: 0,
  SMTP_CHECK: 0,
  SSL_GET: 5,
  UDP_CHECK: 0,
  conditional_conf: 5,
  fwmark: 5,
  inhibit: 0,
  misc_check: 0,
  misc_check_arg: 0,
  quorum: 0,
  sample: 0,
  status_code: 0,
  track_interface: 5,
  virtual_server_group: 0,
  virtualhost: 0,
  vrrp: 0,
  'vrrp.localcheck': 6,
  'vrrp.lvs_syncd': 5,
  'vrrp.routes': 5,
  'vrrp.rules': 5,
  'vrrp.scripts': 0,
  'vrrp.static_ipaddress': 5,
  'vrrp.sync': 0,
}

/** As `high`, the conditional one names a network namespace that there is not, and keepalived ends with 0 there. */
const IDENTITIES: readonly (readonly [name: string, configId: string | undefined, status: number])[] = [
  ...Object.entries(STATUSES).map(([name, status]) => [name, undefined, status] as const),
  ['conditional_conf', 'high', 0],
]

for (const [name, configId, status] of IDENTITIES) {
  const file = `${DIRECTORY}/keepalived.conf.${name}`
  const skip = existsSync(file) ? false : `${file} is not there: Debian's package keepalived brings it`
  const identity = configId === undefined ? '' : ` as ${configId}`
  test(`keepalived -t of the sample ${name}${identity} ends with ${status}`, { skip }, () => {
    const tested = keepalivedTest(file, { configId, hasInterface, hasNamespace: () => false })
    assert.equal(tested.status, status, tested.messages.join('\n'))
  })

  test(`sluice check takes in the sample ${name}${identity}`, { skip }, () => {
    const loaded = loadConfiguration(file, { hostName: 'lvs', configId, lenient: true })
    assert.ok(loaded.configuration !== undefined)
    assert.ok(loaded.root.children!.length > 0)
  })
}
