/**
 * Services by firewall mark on real packets: people's own rules mark them in prerouting, written by hand for nft and, where
 * there is one, for iptables; the virtual addresses are the director's own.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { type Ip, ip } from '../../src/bytes/address.ts'
import { inNamespace, type Namespace } from '../../src/kernel/namespace.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import type { ServiceKey } from '../../src/model/service.ts'
import { ask, Segment, webServer, withTable } from './segment.ts'

const VIPS = [ip('10.9.0.100'), ip('10.9.0.101')] as const
const VIP6 = ip('2001:db8:9::100')
const MARK: ServiceKey = { kind: 'mark', mark: 7, family: 4 }
const MARK6: ServiceKey = { kind: 'mark', mark: 7, family: 6 }

const has = (command: string) => spawnSync(command, ['--version']).status === 0
const RULES = {
  nft: [
    ['nft', 'add table inet mangle'],
    ['nft', 'add chain inet mangle prerouting { type filter hook prerouting priority mangle; }'],
    [
      'nft',
      'add rule inet mangle prerouting ip daddr { 10.9.0.100, 10.9.0.101 } tcp dport { 80, 8080 } meta mark set 7',
    ],
    ['nft', 'add rule inet mangle prerouting ip6 daddr 2001:db8:9::100 tcp dport 80 meta mark set 7'],
  ],
  'iptables-nft': [
    [
      'iptables-nft',
      '-t mangle -A PREROUTING -d 10.9.0.100/31 -p tcp -m multiport --dports 80,8080 -j MARK --set-mark 7',
    ],
  ],
  'iptables-legacy': [['iptables-legacy', '-t mangle -A PREROUTING -d 10.9.0.100/31 -p tcp -j MARK --set-mark 7']],
} as const

for (const kind of ['nft', 'iptables-nft', 'iptables-legacy'] as const) {
  test(`every port and address with the mark goes to the service, by rules of ${kind}`, {
    skip: needsRoot || (!has(kind) && `there is no ${kind}`),
    timeout: 60_000,
  }, async t => {
    const { client, director } = await network(t, 80)
    for (const [command, words] of RULES[kind]) run(director, command, words)
    serve(t, director, MARK, 60)
    const answers: string[] = []
    for (const url of [`http://${VIPS[0]}`, `http://${VIPS[1]}`, `http://${VIPS[0]}:8080`])
      answers.push(...(await ask(t, client, url, 2)))
    assert.deepEqual(answers, Array(6).fill('two 3'), 'one client, one mark, one server')
    withTable(t, director, table => {
      assert.equal(table.service(MARK)?.counters.connections, 6n)
      const template = [...table.connections()].find(({ protocol }) => protocol === 'IP')
      assert.equal(template?.virtual.address, '0.0.0.7')
    })
    await goneWithTheService(t, director)
  })
}

test('a translated service by mark balances, and IPv6 has marks of its own', {
  skip: needsRoot,
  timeout: 60_000,
}, async t => {
  const { client, director } = await network(t, 8080)
  for (const [command, words] of RULES.nft) run(director, command, words)
  serve(t, director, MARK, 0, 8080)
  serve(t, director, MARK6, 0)
  assert.deepEqual(await ask(t, client, `http://${VIPS[0]}`, 4), ['two 3', 'one 3', 'two 3', 'one 3'])
  assert.deepEqual(await ask(t, client, `http://${VIPS[1]}`, 2, 1_000_000), ['two 1000000', 'one 1000000'])
  assert.deepEqual(await ask(t, client, `http://[${VIP6}]`, 2), ['two 3', 'one 3'])
  withTable(t, director, table => table.deleteDestination(MARK, ip('10.8.0.11'), 8080))
  withTable(t, director, table => table.deleteDestination(MARK, ip('10.8.0.12'), 8080))
  assert.deepEqual(await ask(t, client, `http://${VIPS[0]}`, 1), ['ECONNREFUSED 12'])
})

/** A client, a director with the virtual addresses, and two servers behind it: whose gateway it is, and who have the addresses, too. */
async function network(t: TestContext, port: number): Promise<{ client: Namespace; director: Namespace }> {
  const outside = new Segment(t)
  const inside = new Segment(t)
  const client = outside.host('client')
  outside.plug(client, 'eth0', ip('10.9.0.1'), ip('2001:db8:9::1'))
  const director = outside.host('director')
  outside.plug(director, 'eth0', ip('10.9.0.2'), ip('2001:db8:9::2'), ...VIPS, VIP6)
  inside.plug(director, 'eth1', ip('10.8.0.1'), ip('2001:db8:8::1'))
  for (const [name, last] of [
    ['one', 11],
    ['two', 12],
  ] as const) {
    const server = inside.host(name)
    inside.plug(server, 'eth0', ip(`10.8.0.${last}`), ip(`2001:db8:8::${last}`))
    using route = new RouteSocket(server)
    run(server, 'ip', 'address add 10.9.0.100/32 dev lo')
    run(server, 'ip', 'address add 10.9.0.101/32 dev lo')
    run(server, 'ip', 'address add 2001:db8:9::100/128 dev lo')
    addRoute(route, { gateway: ip('10.8.0.1') })
    addRoute(route, { gateway: ip('2001:db8:8::1') })
    await webServer(t, server, name, port)
    if (port === 80) await webServer(t, server, name, 8080)
  }
  return { client, director }
}

function serve(t: TestContext, director: Namespace, key: ServiceKey, timeoutS: number, port = 0): void {
  withTable(t, director, table => {
    table.addService({
      key,
      scheduler: 'rr',
      schedulerFlags: [],
      onePacket: false,
      persistence: timeoutS === 0 ? undefined : { timeoutS, prefix: 32 },
      persistenceEngine: undefined,
    })
    for (const last of [11, 12]) {
      const address: Ip = ip(key.kind === 'mark' && key.family === 6 ? `2001:db8:8::${last}` : `10.8.0.${last}`)
      const forwarding = { method: 'masquerade' } as const
      const own = key.kind === 'mark' && key.family === 6 ? 8080 : port
      table.addDestination(key, { address, port: own, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 })
    }
  })
}

async function goneWithTheService(t: TestContext, director: Namespace): Promise<void> {
  const tables = () => run(director, 'nft', 'list tables')
  assert.match(tables(), /table ip sluice/)
  withTable(t, director, table => table.flush())
  assert.doesNotMatch(tables(), /sluice/)
  assert.doesNotMatch(run(director, 'ip', 'link'), /sluice-mark/)
}

function run(namespace: Namespace, command: string, words: string): string {
  const parts = command === 'nft' ? [words] : words.split(' ')
  return inNamespace(namespace, () => execFileSync(command, parts, { encoding: 'utf8' }))
}
