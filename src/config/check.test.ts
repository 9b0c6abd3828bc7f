import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import type { Host } from './check/host.ts'
import { found, instanceWith, loadText, serviceWith } from './fixture.ts'
import { compareLoaded } from './load.ts'

const VI_2 = 'vrrp_instance VI_2 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress { 10.0.0.2 }\n'
const unicast = (peer: string) => `    unicast_src_ip 10.1.0.1\n    unicast_peer { ${peer} }\n`

for (const [what, text, expected] of [
  ['a router id taken twice', `${instanceWith()}${VI_2}}`, ['duplicate-router-id 8:23 "51"']],
  ['none for different peers', `${instanceWith(unicast('10.1.0.2')) + VI_2 + unicast('10.1.0.3')}}`, []],
  [
    'one for the same peer',
    `${instanceWith(unicast('10.1.0.2'))}${VI_2}${unicast('10.1.0.2')}}`,
    ['duplicate-router-id 11:23 "51"'],
  ],
  [
    'an address twice',
    instanceWith('virtual_ipaddress_excluded {', '10.0.0.1', '}'),
    ['duplicate-address 6:1 "10.0.0.1"'],
  ],
  [
    'an instance without addresses',
    'vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\n}',
    ['no-address 1:1 "vrrp_instance A"'],
  ],
  [
    'both families in one advertisement',
    instanceWith('virtual_ipaddress {', 'fe80::1', '}'),
    ['mixed-families 6:1 "fe80::1"'],
  ],
  [
    'a password of nine bytes',
    instanceWith('authentication {', 'auth_type PASS', 'auth_pass 123456789', '}'),
    ['password-cut 7:11 "123456789"'],
  ],
  [
    'a password in version 3',
    instanceWith('version 3', 'authentication {', 'auth_type PASS', 'auth_pass 1', '}'),
    ['authentication-ignored 6:1 "authentication"'],
  ],
  ['nopreempt of a MASTER', instanceWith('state MASTER', 'nopreempt'), ['needs-state-backup 6:1 "nopreempt"']],
  [
    'addresses that strict mode silences',
    instanceWith('strict_mode'),
    ['addresses-unreachable 1:1 "vrrp_instance VI_1"'],
  ],
  ['none if they are to be accepted', instanceWith('strict_mode', 'accept'), []],
  ['half seconds in version 2', instanceWith('advert_int 1.5'), ['interval-rounded 5:12 "1.5"']],
  ['none in version 3', instanceWith('version 3', 'advert_int 1.5'), []],
  [
    'a unicast source alone',
    instanceWith('unicast_src_ip 10.1.0.1'),
    ['unicast-without-peers 5:1 "unicast_src_ip 10.1.0.1"'],
  ],
  ['a group of one', `${instanceWith()}vrrp_sync_group G {\ngroup { VI_1 }\n}`, ['small-sync-group 7:1 "group"']],
  ['a quorum above all weights', serviceWith('quorum 2'), ['quorum-above-weights 7:8 "2"']],
  ['a hysteresis above the quorum', serviceWith('hysteresis 1'), ['hysteresis-above-quorum 7:12 "1"']],
  ['an option of another scheduler', serviceWith('sh-port'), ['flag-without-scheduler 7:1 "sh-port"']],
  [
    'a port that a direct server cannot have',
    serviceWith('real_server 10.0.0.3 81 {', 'lvs_method DR', 'TCP_CHECK { }', '}'),
    ['port-cannot-change 7:22 "81"'],
  ],
  [
    'a server of the other family',
    serviceWith('real_server fe80::3 80 { TCP_CHECK { } }'),
    ['other-family 7:1 "real_server fe80::3 80"'],
  ],
  [
    'a server listed twice',
    serviceWith('real_server 10.0.0.2 80 { TCP_CHECK { } }'),
    ['duplicate-real-server 7:1 "real_server 10.0.0.2 80"'],
  ],
  [
    'a server that nothing checks',
    serviceWith('real_server 10.0.0.3 80 { weight 1', '}'),
    ['unchecked-server 7:1 "real_server 10.0.0.3 80"'],
  ],
  [
    'thresholds the wrong way round',
    serviceWith('real_server 10.0.0.3 80 {', 'uthreshold 5', 'lthreshold 6', 'TCP_CHECK { }', '}'),
    ['thresholds-crossed 9:12 "6"'],
  ],
  [
    'a slow start from weight 1',
    serviceWith('slow_start 30', 'real_server 10.0.0.3 80 {', 'weight 2', 'TCP_CHECK { }', '}'),
    ['slow-start-without-weight 6:5 "real_server 10.0.0.2 80"'],
  ],
  [
    'nothing but connections that stay',
    serviceWith('real_server 10.0.0.3 80 {', 'HTTP_GET {', 'keep_alive', 'url { path /', '}', '}', '}'),
    ['keep-alive-alone 7:1 "real_server 10.0.0.3 80"'],
  ],
  [
    'a path that is none',
    serviceWith('real_server 10.0.0.3 80 {', 'HTTP_GET {', 'url { path /', 'json a..b x', '}', '}', '}'),
    ['bad-value 10:6 "a..b"'],
  ],
  ['a check that outlasts its interval', serviceWith('connect_timeout 7'), ['check-outlasts-interval 7:17 "7"']],
  ['a service defined twice', serviceWith() + serviceWith(), ['duplicate-service 8:1 "virtual_server 10.0.0.1 80"']],
  [
    'a service whose address nobody takes over',
    `${serviceWith()}vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.9 }\n}`,
    ['service-without-address 1:1 "virtual_server 10.0.0.1 80"'],
  ],
  [
    'persistence over two servers',
    serviceWith('persistence_timeout 50', 'real_server 10.0.0.3 80 { TCP_CHECK { } }'),
    ['persistence-holds-clients 7:21 "50"'],
  ],
  [
    'a service that says nothing',
    'virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 { TCP_CHECK { } }\n}',
    [
      'no-protocol 1:1 "virtual_server 10.0.0.1 80"',
      'no-scheduler 1:1 "virtual_server 10.0.0.1 80"',
      'no-method 1:1 "virtual_server 10.0.0.1 80"',
    ],
  ],
  ['mail without a server', instanceWith('smtp_alert'), ['mail-goes-nowhere 5:1 "smtp_alert"']],
] as const) {
  test(`check: finds ${what}`, () => assert.deepEqual(found(loadText(text)), expected))
}

const HOST: Host = {
  interfaces: [{ name: 'eth1', addresses: [{ address: ip('10.9.0.5'), prefix: 24 }] }],
  program: path =>
    path === '/missing' ? undefined : { executable: path !== '/plain', writableByOthers: path === '/open' },
}

for (const [what, text, expected] of [
  ['an interface that is not there', instanceWith(), ['no-such-interface 2:15 "eth0"']],
  [
    'an address outside the networks',
    instanceWith('interface eth1'),
    ['repeated-keyword 5:1 "interface eth1"', 'address-outside-networks 4:25 "10.0.0.1"'],
  ],
  ['a script that is not there', 'vrrp_script s {\nscript /missing\n}', ['script-missing 2:8 "/missing"']],
  ['a script that cannot be run', 'vrrp_script s {\nscript /plain\n}', ['script-missing 2:8 "/plain"']],
  ['a script that others can change', 'vrrp_script s {\nscript /open\n}', ['script-writable 2:8 "/open"']],
] as const) {
  test(`check: on this machine finds ${what}`, () => {
    assert.deepEqual([...found(loadText(text, { host: HOST }))].sort(), [...expected].sort())
  })
}

for (const [what, mine, theirs, codes] of [
  [
    'another router id',
    instanceWith('priority 1'),
    instanceWith('virtual_router_id 52'),
    ['virtual_router_id of VI_1 is 52 here and 51 on the other machine'],
  ],
  [
    'another password',
    instanceWith('priority 1', 'authentication { auth_type PASS', 'auth_pass a }'),
    instanceWith(),
    ['authentication of VI_1 is none here and PASS "a" on the other machine'],
  ],
  [
    'other addresses',
    instanceWith('priority 1', 'virtual_ipaddress { 10.0.0.2 }'),
    instanceWith(),
    ['virtual_ipaddress of VI_1 is 10.0.0.1 here and 10.0.0.1, 10.0.0.2 on the other machine'],
  ],
  ['the same priority', instanceWith(), instanceWith(), ['VI_1 has priority 100 on both machines']],
  [
    'two masters',
    instanceWith('state MASTER', 'priority 1'),
    instanceWith('state MASTER'),
    ['VI_1 starts as MASTER on both machines'],
  ],
  ['nothing wrong with a good pair', instanceWith('state MASTER', 'priority 150'), instanceWith(), []],
  [
    'a service that only one has',
    instanceWith('priority 1') + serviceWith(),
    instanceWith(),
    ['the other machine has no virtual_server TCP 10.0.0.1:80'],
  ],
] as const) {
  test(`check: of a pair finds ${what}`, () => {
    const messages = compareLoaded(loadText(mine), loadText(theirs)).map(({ message }) => message)
    assert.deepEqual(messages, codes)
  })
}

// The article's deployments, written down here with the same facts and the same faults.
const WEB = (state: string, priority: number) => `! Configuration File for keepalived
global_defs {
notification_email {
ops@example.com
}
notification_email_from keepalived@localhost
smtp_server 127.0.0.1
smtp_connect_timeout 30
router_id LVS_DEVEL
}
vrrp_instance VI_1 {
state ${state}
interface eth0
virtual_router_id 51
priority ${priority}
advert_int 1
authentication {
auth_type PASS
auth_pass 1111
}
virtual_ipaddress {
192.168.41.249
}
}
`
const CHECK = 'TCP_CHECK{ #RS\nconnect_timeout 10\nnb_get_retry 3\ndelay_before_retry 3\nconnect_port 80\n}\n'
const LVS = (end: string) =>
  `virtual_server 192.168.41.249 80 {\ndelay_loop 6\nlb_algo rr\nlb_kind DR\nnat_mask 255.255.255.0\npersistence_timeout 50\nprotocol TCP\nreal_server 192.168.41.31 80 {\nweight 1\n${CHECK}real_server 192.168.41.33 80 {\nweight 1\n${CHECK}${end}`

test('check: the web pair of the article is sound, and never sends the mail it names people for', () => {
  const [master, backup] = [loadText(WEB('MASTER', 100)), loadText(WEB('BACKUP', 50))]
  const mail = found(master)
  assert.equal(mail.length, 1)
  assert.match(mail[0]!, /^mail-never-sent /)
  assert.deepEqual([found(backup), compareLoaded(master, backup)], [mail, []])
})

for (const [machine, end, braces] of [
  ['master', '}\n', ['40:1', '48:2']],
  ['backup', '', ['40:1', '47:2', '47:2']],
] as const) {
  test(`check: the ${machine} of the article's balancers misses its braces, and what else a reviewer would say`, () => {
    const text = `${WEB('MASTER', 100)}${LVS(end)}`
    const all = found(loadText(text))
    assert.deepEqual(
      all.filter(each => each.startsWith('missing-brace')).map(each => each.split(' ')[1]),
      braces,
    )
    assert.deepEqual(
      all.filter(each => !each.startsWith('missing-brace')).map(each => each.replace(/ ".*/, '')),
      [
        'former-keyword 29:1',
        'persistence-holds-clients 30:21',
        'check-outlasts-interval 35:17',
        'former-keyword 36:1',
        'check-outlasts-interval 43:17',
        'former-keyword 44:1',
      ],
    )
  })
}
