import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { found, instanceWith, loadText, serviceWith } from './fixture.ts'

function instance(...lines: readonly string[]) {
  const loaded = loadText(instanceWith(...lines))
  assert.deepEqual(
    loaded.diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  )
  return loaded.configuration!.vrrpInstances[0]!
}

function service(...lines: readonly string[]) {
  const loaded = loadText(serviceWith(...lines))
  assert.deepEqual(
    loaded.diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  )
  return loaded.configuration!.virtualServers[0]!
}

test('elaborate: an instance that says little has the defaults of keepalived', () => {
  const { priority, advertIntervalMs, version, initialState, preempt, garp, downTimerAdverts, accept, authentication } =
    instance()
  assert.deepEqual(
    { priority, advertIntervalMs, version, initialState, preempt, downTimerAdverts, accept, authentication },
    {
      priority: 100,
      advertIntervalMs: 1000,
      version: 2,
      initialState: 'backup',
      preempt: true,
      downTimerAdverts: 3,
      accept: true,
      authentication: { type: 'none' },
    },
  )
  assert.deepEqual(garp, {
    repeat: 5,
    delayMs: 5000,
    refreshMs: 0,
    refreshRepeat: 1,
    lowerPriorityDelayMs: 5000,
    lowerPriorityRepeat: 5,
    arpIntervalMs: 0,
    naIntervalMs: 0,
  })
})

test('elaborate: what sluice alone knows of health checks', () => {
  const { realServers } = service(
    'slow_start 30',
    'real_server 10.0.0.3 80 {',
    'weight 100',
    'slow_start 0.5',
    'HTTP_GET {',
    'rise 3',
    'http2',
    'keep_alive on',
    'url {',
    'path /health',
    'json status UP',
    'json "checks[0].db is up"',
    '}',
    '}',
    '}',
  )
  assert.deepEqual(
    realServers.map(({ slowStartMs }) => slowStartMs),
    [30_000, 500],
  )
  const checker = realServers[1]?.checkers[0]
  assert.ok(checker?.type === 'HTTP_GET')
  assert.deepEqual([checker.http2, checker.keepAlive, checker.schedule.rises], [true, true, 3])
  assert.deepEqual(checker.pages[0]?.json, [
    { path: 'status', steps: ['status'], value: 'UP' },
    { path: 'checks[0].db is up', steps: ['checks', 0, 'db is up'], value: undefined },
  ])
})

test('elaborate: global_defs gives defaults wherever it stands', () => {
  const text = `${instanceWith()}global_defs {\nvrrp_version 3\nvrrp_garp_master_delay 2\nvrrp_garp_master_repeat 1\nsmtp_alert on\nnotification_email { a@b }\nsmtp_server 10.0.0.9 2525\n}`
  const { configuration } = loadText(text)
  const { version, garp, notify } = configuration!.vrrpInstances[0]!
  assert.deepEqual(
    [version, garp.delayMs, garp.repeat, garp.lowerPriorityDelayMs, notify.smtpAlert],
    [3, 2000, 1, 2000, true],
  )
  assert.deepEqual(configuration!.global.smtpServer, { host: '10.0.0.9', port: 2525 })
  assert.equal(configuration!.global.routerId, 'lvs1.example.com')
})

test('elaborate: an address entry has the words of ip address', () => {
  const [, address] = instance(
    'virtual_ipaddress {',
    '10.1.2.3/24 dev eth1 brd + scope link label eth1:1 no_track',
    '}',
  ).addresses
  assert.deepEqual(address, {
    address: '10.1.2.3',
    prefix: 24,
    interface: 'eth1',
    label: 'eth1:1',
    broadcast: '10.1.2.255',
    scope: 'link',
    peer: undefined,
    flags: [],
    preferredLifetimeS: undefined,
  })
})

test('elaborate: an IPv6 instance speaks version 3, its single addresses are never a source', () => {
  const { vrrpInstances } = loadText(
    'vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { fe80::1 }\n}',
  ).configuration!
  assert.deepEqual(
    [vrrpInstances[0]!.version, vrrpInstances[0]!.family, vrrpInstances[0]!.addresses[0]!.preferredLifetimeS],
    [3, 6, 0],
  )
})

test('elaborate: a password is cut to its eight bytes, whole characters only', () => {
  const pass = (word: string) => instance('authentication {', 'auth_type PASS', `auth_pass ${word}`, '}').authentication
  assert.deepEqual(pass('123456789'), { type: 'pass', password: '12345678' })
  assert.deepEqual(pass('1234567é'), { type: 'pass', password: '1234567' })
})

test('elaborate: scripts keep quoted words together and split a quoted command', () => {
  const { notify } = instance(
    `notify_master "/etc/k/up.sh 'a b' c" haproxy www`,
    'notify_backup /bin/x haproxy',
    `notify "/a\\x20b"`,
  )
  assert.deepEqual(notify.master, { argv: ['/etc/k/up.sh', 'a b', 'c'], user: 'haproxy', group: 'www' })
  assert.deepEqual(notify.backup, { argv: ['/bin/x'], user: 'haproxy', group: undefined })
})

test('elaborate: trackers take the weight of what they track unless they have their own', () => {
  const text = `vrrp_script a {\nscript /bin/true\nweight -20\n}\n${instanceWith('track_script {', 'a', '}', 'track_interface {', 'eth1 weight 5', '}')}`
  const { track } = loadText(text).configuration!.vrrpInstances[0]!
  assert.deepEqual(track.scripts, [{ name: 'a', weight: -20, reverse: false }])
  assert.deepEqual(track.interfaces, [{ name: 'eth1', weight: 5, reverse: false }])
})

test('elaborate: a check takes its timing from the server, then the service, then keepalived', () => {
  const [, server] = service(
    'retry 2',
    'real_server 10.0.0.3 8080 {',
    'connect_timeout 2',
    'delay_loop 3',
    'TCP_CHECK { delay_before_retry 0.5 }',
    '}',
  ).realServers
  assert.deepEqual(server!.checkers[0], {
    type: 'TCP_CHECK',
    schedule: {
      intervalMs: 3000,
      retries: 2,
      retryDelayMs: 500,
      warmupMs: 3000,
      alpha: false,
      rises: 1,
      logAllFailures: false,
    },
    target: {
      address: '10.0.0.3',
      port: 8080,
      bindAddress: undefined,
      bindPort: 0,
      bindInterface: undefined,
      connectTimeoutMs: 2000,
      mark: 0,
    },
  })
})

test('elaborate: each kind of check has its own defaults', () => {
  const checks = [
    'HTTP_GET { url { path / } }',
    'DNS_CHECK { }',
    'MISC_CHECK { misc_path /bin/true }',
    'SMTP_CHECK { }',
    'PING_CHECK { }',
    'UDP_CHECK { require_reply Ab1x }',
  ]
  const [, server] = service('real_server 10.0.0.3 80 {', ...checks, '}').realServers
  assert.deepEqual(
    server!.checkers.map(({ type, schedule }) => [type, schedule.retries, schedule.retryDelayMs]),
    [
      ['HTTP_GET', 1, 3000],
      ['DNS_CHECK', 3, 6000],
      ['MISC_CHECK', 0, 1000],
      ['SMTP_CHECK', 1, 1000],
      ['PING_CHECK', 1, 1000],
      ['UDP_CHECK', 1, 1000],
    ],
  )
  const udp = server!.checkers[5]
  assert.ok(udp?.type === 'UDP_CHECK')
  assert.deepEqual(udp.reply, { bytes: Uint8Array.of(0xab, 0x10), mask: Uint8Array.of(0xff, 0xf0) })
})

test('elaborate: DR keeps the port of the service, NAT that of the server, and the check that is written', () => {
  const text = (kind: string) =>
    `virtual_server 10.0.0.1 80 {\nlb_algo rr\nlb_kind ${kind}\nprotocol TCP\nreal_server 10.0.0.2 8080 { TCP_CHECK { } }\n}`
  const ports = (kind: string) => {
    const [server] = loadText(text(kind)).configuration!.virtualServers[0]!.realServers
    const [checker] = server!.checkers
    return [server!.port, checker?.target.port]
  }
  assert.deepEqual(ports('DR'), [80, 8080])
  assert.deepEqual(ports('NAT'), [8080, 8080])
})

test('elaborate: a group stands for all its addresses and marks', () => {
  const text = `virtual_server_group G {\n10.0.0.8/30 80\n10.0.1.1-2 81\n10.0.2.255-10.0.3.0 82\nfwmark 7\n}\nvirtual_server group G {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.1.0.1 80 { TCP_CHECK { } }\n}`
  const { configuration } = loadText(text)
  assert.deepEqual(
    configuration!.virtualServers.map(({ service: key }) =>
      key.kind === 'mark' ? key.mark : `${key.address}:${key.port}`,
    ),
    [
      '10.0.0.8:80',
      '10.0.0.9:80',
      '10.0.0.10:80',
      '10.0.0.11:80',
      '10.0.1.1:81',
      '10.0.1.2:81',
      '10.0.2.255:82',
      '10.0.3.0:82',
      7,
    ],
  )
})

test('elaborate: tunnels have types and options', () => {
  const of = (words: string) =>
    service('real_server 10.0.0.3 80 {', `lvs_method ${words}`, 'TCP_CHECK { }', '}').realServers[1]!.forwarding
  assert.deepEqual(of('TUN'), { method: 'tunnel', tunnel: { type: 'ipip' } })
  assert.deepEqual(of('TUN type gue port 6080 remcsum'), {
    method: 'tunnel',
    tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' },
  })
  assert.deepEqual(of('TUN type gre csum'), { method: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } })
})

for (const [what, text, expected] of [
  ['a number out of range', instanceWith('priority 300'), ['out-of-range 5:10 "300"']],
  [
    'a time with a unit',
    serviceWith('delay_loop 2s'),
    ['repeated-keyword 7:1 "delay_loop 2s"', 'time-with-unit 7:12 "2s"'],
  ],
  ['a word that is no number', instanceWith('priority high'), ['bad-value 5:10 "high"']],
  ['a word in the wrong case', instanceWith('state backup'), ['bad-value 5:7 "backup"']],
  ['a value left out', instanceWith('priority'), ['missing-value 5:9 "\\n"']],
  ['an address that is none', instanceWith('virtual_ipaddress {', '10.0.0', '}'), ['bad-address 6:1 "10.0.0"']],
  [
    'two addresses on a line',
    instanceWith('virtual_ipaddress {', '10.0.0.2 10.0.0.3', '}'),
    ['unknown-word 6:10 "10.0.0.3"'],
  ],
  [
    'a rule with an address that is none',
    instanceWith('virtual_rules {', 'to 10.0.1./24 table 1', '}'),
    ['bad-address 6:4 "10.0.1./24"'],
  ],
  [
    'a route with an address that is none',
    instanceWith('virtual_routes {', '10.0.1/24 via 10.0.0.9', '}'),
    ['bad-address 6:1 "10.0.1/24"'],
  ],
  ['a script that is not defined', instanceWith('track_script {', 'chk', '}'), ['unknown-name 6:1 "chk"']],
  ['an instance without its number', 'vrrp_instance A {\ninterface eth0\n}', ['missing-keyword 1:1 "vrrp_instance A"']],
  ['a name taken twice', `${instanceWith()}${instanceWith()}`, ['repeated-name 6:1 "vrrp_instance VI_1"']],
  ['a keyword said twice', instanceWith('priority 1', 'priority 2'), ['repeated-keyword 6:1 "priority 2"']],
  ['what sluice cannot do', instanceWith('use_ipvlan'), ['keyword-not-supported 5:1 "use_ipvlan"']],
  ['what needs no doing', instanceWith('debug 4'), ['keyword-without-effect 5:1 "debug"']],
] as const) {
  test(`elaborate: complains of ${what}`, () => assert.deepEqual(found(loadText(text)), expected))
}

test('elaborate: the words that the sample of the documentation uses are known', () => {
  const page = new URL('../../docs/diagnostics/undefined-definition.md', import.meta.url)
  const [, sample] = /```\n([^`]+)```/.exec(readFileSync(page, 'utf8')) ?? []
  assert.deepEqual(
    found(loadText(sample!)).map(each => each.split(' ')[0]),
    ['missing-keyword'],
  )
})
