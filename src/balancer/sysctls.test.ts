import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, ip } from '../bytes/address.ts'
import type { ServiceKey } from '../model/service.ts'
import type { Destination, VirtualService } from '../model/virtual-service.ts'
import { packetOf, tcpFrame } from './frame.ts'
import { InterpretedTable } from './interpreted-table.ts'
import type { TCP_FLAG } from './program/headers.ts'
import { parseSysctlLines } from './sysctl-lines.ts'
import { isFixed, parseSysctl } from './sysctls.ts'

const VIP = ip('192.168.41.249')
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const ONE = ip('192.168.41.31')
const TWO = ip('192.168.41.33')
const CLIENT = { address: ip('192.168.40.9'), port: 40000 }

test('parseSysctl() says what a parameter takes, what is fixed, and what may have been meant', () => {
  assert.deepEqual(parseSysctl('drop_entry', ' 3\n'), { name: 'drop_entry', value: 3 })
  for (const [name, text, message] of [
    ['drop_entry', '4', 'net.ipv4.vs.drop_entry takes a number from 0 to 3, not "4"'],
    ['sloppy_tcp', 'yes', 'net.ipv4.vs.sloppy_tcp takes a number from 0 to 1, not "yes"'],
    ['sloppy_tpc', '1', 'there is no net.ipv4.vs.sloppy_tpc (did you mean net.ipv4.vs.sloppy_tcp?)'],
    ['conntrack', '1', 'net.ipv4.vs.conntrack is always 0 in sluice: connections are not known to netfilter'],
  ] as const)
    assert.throws(() => parseSysctl(name, text), { name: 'SysctlError', message })
  assert.ok(isFixed('conntrack', '0'))
  assert.ok(!isFixed('conntrack', '1'))
})

test('parseSysctlLines() reads what sysctl.d(5) allows, and leaves the rest to the kernel', () => {
  const text = `# a comment
; another
net.ipv4.ip_forward = 1
net.ipv4.vs.drop_entry=3
 - net/ipv4/vs/sloppy_tcp =  1
net.ipv4.vs.sync_threshold = 3 50
`
  assert.deepEqual(parseSysctlLines(text), [
    { name: 'drop_entry', value: '3', line: 4 },
    { name: 'sloppy_tcp', value: '1', line: 5 },
    { name: 'sync_threshold', value: '3 50', line: 6 },
  ])
})

test('expire_nodest_conn: what has lost its server begins anew with a SYN, and is reset without one', () => {
  const table = web()
  const first = table.receive(segment(['syn'])).nextHop!
  table.deleteDestination(WEB, first, 80)
  assert.equal(table.receive(segment(['ack'])).verdict, 'drop')
  table.setSysctl('expire_nodest_conn', 1)
  assert.equal(table.receive(segment(['ack'])).verdict, 'pass')
  assert.equal(table.receive(segment(['syn'])).nextHop, first === ONE ? TWO : ONE)
})

test('expire_nodest_conn: the sweep takes out what has no server, though nothing comes for it', () => {
  const table = web({ servers: [ONE] })
  table.receive(segment(['syn']))
  table.deleteDestination(WEB, ONE, 80)
  assert.equal([...table.connections()].length, 1)
  table.setSysctl('expire_nodest_conn', 1)
  assert.equal([...table.connections()].length, 0)
})

test('expire_nodest_conn: a SYN on a connection whose server has weight 0 goes elsewhere', () => {
  const table = web()
  const first = table.receive(segment(['syn'])).nextHop!
  table.editDestination(WEB, server(first, 0))
  assert.equal(table.receive(segment(['syn'])).nextHop, first)
  table.setSysctl('expire_nodest_conn', 1)
  assert.equal(table.receive(segment(['ack'])).nextHop, first)
  assert.equal(table.receive(segment(['syn'])).nextHop, first === ONE ? TWO : ONE)
})

test('expire_quiescent_template: a persistent client leaves a server of weight 0, his connections do not', () => {
  const table = web({ persistence: { timeoutS: 50, prefix: 32 } })
  const first = table.receive(segment(['syn'], 1)).nextHop!
  table.editDestination(WEB, server(first, 0))
  assert.equal(table.receive(segment(['syn'], 2)).nextHop, first)
  table.setSysctl('expire_quiescent_template', 1)
  const other = first === ONE ? TWO : ONE
  assert.equal(table.receive(segment(['syn'], 3)).nextHop, other)
  assert.equal(table.receive(segment(['ack'], 1)).nextHop, first)
  const templates = [...table.connections()].filter(({ client }) => client.port === 0)
  assert.deepEqual(templates.map(each => each.virtual.port).sort(), [65535, 80])
  table.elapse(901)
  assert.equal(table.services().length, 1)
  table.elapse(61)
  assert.deepEqual(
    table.service(WEB)!.destinations.map(each => [each.persistentConnections, each.activeConnections]),
    [
      [0, 0],
      [0, 0],
    ],
  )
})

for (const { mode, state, moves } of [
  { mode: 0, state: 'CLOSE', moves: false },
  { mode: 1, state: 'CLOSE', moves: true },
  { mode: 1, state: 'FIN_WAIT', moves: false },
  { mode: 3, state: 'FIN_WAIT', moves: true },
] as const) {
  test(`conn_reuse_mode ${mode}: a SYN in ${state} ${moves ? 'is scheduled anew' : 'stays with its server'}`, () => {
    const table = web()
    table.setSysctl('conn_reuse_mode', mode)
    const first = table.receive(segment(['syn'])).nextHop!
    table.receive(segment(['ack']))
    table.receive(segment(state === 'CLOSE' ? ['rst'] : ['fin', 'ack']))
    assert.equal([...table.connections()][0]?.state, state)
    assert.equal(table.receive(segment(['syn'])).nextHop !== first, moves)
  })
}

test('sloppy_tcp: a connection that is met in the middle is taken up, and counts as what it is', () => {
  const table = web({ servers: [ONE] })
  table.setSysctl('sloppy_tcp', 1)
  assert.equal(table.receive(segment(['rst'], 1)).verdict, 'pass')
  assert.equal(table.receive(segment(['ack'], 2)).nextHop, ONE)
  assert.equal(table.receive(segment(['fin', 'ack'], 3)).nextHop, ONE)
  const states = [...table.connections()].map(({ client, state, expiresInS }) => [client.port, state, expiresInS])
  assert.deepEqual(states.sort(), [
    [2, 'ESTABLISHED', 900],
    [3, 'CLOSE', 10],
  ])
  const { activeConnections, inactiveConnections } = table.service(WEB)!.destinations[0]!
  assert.deepEqual([activeConnections, inactiveConnections], [1, 1])
})

test('drop_packet 3: one in am_droprate connections does not begin, and is counted', () => {
  const table = web({ servers: [ONE] })
  table.setSysctl('am_droprate', 4)
  table.setSysctl('drop_packet', 3)
  const verdicts = ports(16).map(port => table.receive(segment(['syn'], port)).verdict)
  assert.equal(verdicts.filter(verdict => verdict === 'drop').length, 4)
  assert.equal(table.refusals().defence, 4n)
  assert.equal(table.receive(segment(['ack'], 2)).verdict, 'sent', 'what is open is spared')
})

test('drop_packet 1 goes up when the table runs short of room, and down again', () => {
  const table = web({ servers: [ONE] })
  table.setSysctl('drop_packet', 1)
  assert.equal(table.sysctl('drop_packet'), 2, 'a table of 1024 places has room for 16 pages')
  table.setSysctl('amemthresh', 4)
  assert.equal(table.sysctl('drop_packet'), 1)
})

test('secure_tcp 3: a SYN is SYNACK where replies are not seen', () => {
  const table = web({ servers: [ONE] })
  table.setSysctl('secure_tcp', 3)
  table.receive(segment(['syn']))
  assert.equal([...table.connections()][0]?.state, 'SYNACK')
  assert.equal(table.service(WEB)!.destinations[0]!.activeConnections, 1)
  table.setSysctl('secure_tcp', 0)
  table.receive(segment(['syn'], 2))
  assert.deepEqual([...table.connections()].map(({ state }) => state).sort(), ['SYNACK', 'SYN_RECV'])
})

test('pmtu_disc 0: outer packets of a tunnel may be fragmented', () => {
  const table = web({ servers: [] })
  table.addDestination(WEB, { ...server(ONE), forwarding: { method: 'tunnel', tunnel: { type: 'ipip' } } })
  const frame = segment(['syn'])
  frame[20] = 0x40
  const outerFragment = () => packetOf(table.receive(frame).packet)[6]
  assert.equal(outerFragment(), 0x40)
  table.setSysctl('pmtu_disc', 0)
  assert.equal(outerFragment(), 0)
})

interface WebOptions {
  readonly servers?: readonly Ip[]
  readonly persistence?: VirtualService['persistence']
}

function web({ servers = [ONE, TWO], persistence }: WebOptions = {}): InterpretedTable {
  const table = new InterpretedTable()
  const flags = { scheduler: 'rr', schedulerFlags: [], onePacket: false, persistenceEngine: undefined } as const
  table.addService({ key: WEB, persistence, ...flags })
  for (const address of servers) table.addDestination(WEB, server(address))
  return table
}

function server(address: Ip, weight = 1): Destination {
  return { address, port: 80, forwarding: { method: 'route' }, weight, upperThreshold: 0, lowerThreshold: 0 }
}

function segment(flags: readonly (keyof typeof TCP_FLAG)[], port = CLIENT.port): Uint8Array {
  return tcpFrame({ ...CLIENT, port }, { address: VIP, port: 80 }, flags)
}

function ports(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}
