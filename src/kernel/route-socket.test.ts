import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { ip, parseMac } from '../bytes/address.ts'
import { IFA_F_NODAD } from '../netlink/address.ts'
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/message.ts'
import { RTM_NEWQDISC, RTM_NEWTFILTER, RTPROT_KEEPALIVED } from '../netlink/rtnetlink.ts'
import { encodeBpfFilter, encodeClsact } from '../netlink/traffic-control.ts'
import { addAddress, addresses, deleteAddress, replaceAddress } from './address.ts'
import { createVeth, setLink } from './link.ts'
import type { Namespace } from './namespace.ts'
import { addProxyNeighbour, deleteNeighbour, neighbours, resolveNeighbour, setNeighbour } from './neighbour.ts'
import { addRoute, deleteRoute, replaceRoute, routes } from './route.ts'
import { RouteSocket } from './route-socket.ts'
import { addRule, deleteRule, rules } from './rule.ts'
import { needsRoot, scratchNamespace } from './scratch-namespace.ts'

const skip = needsRoot
const VIP = ip('192.168.41.249')
const VIP6 = ip('2001:db8::249')
const DIP = ip('192.168.41.181')
const GATEWAY = ip('192.168.40.1')

/** A host with eth0, up, and its cable to nowhere. */
function host(namespace: Namespace): RouteSocket {
  const route = new RouteSocket(namespace)
  createVeth(route, { name: 'eth0', up: true }, { name: 'far', up: true })
  setLink(route, 'lo', { up: true })
  addAddress(route, 'eth0', { address: DIP, prefix: 23 })
  return route
}

test('addresses come and go', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  addAddress(route, 'eth0', { address: VIP, prefix: 32, label: 'eth0:1', scope: 'link', protocol: RTPROT_KEEPALIVED })
  addAddress(route, 'eth0', { address: VIP6, prefix: 128, flags: IFA_F_NODAD, preferredS: 0 })
  const found = addresses(route, { link: 'eth0' })
  const vip = found.find(({ address }) => address === VIP)
  assert.deepEqual([vip?.prefix, vip?.label, vip?.scope], [32, 'eth0:1', 'link'])
  const vip6 = found.find(({ address }) => address === VIP6)
  assert.deepEqual([vip6?.prefix, vip6?.tentative], [128, false])
  deleteAddress(route, 'eth0', { address: VIP, prefix: 32 })
  deleteAddress(route, 'eth0', { address: VIP6, prefix: 128 })
  assert.deepEqual(
    addresses(route, { family: 4 }).map(({ address }) => address),
    ['127.0.0.1', DIP],
  )
})

test('an address that is there or is not is refused with the reason', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  const address = { address: DIP, prefix: 23 }
  assert.throws(() => addAddress(route, 'eth0', address), { code: 'EEXIST', operation: `add ${DIP}/23 on eth0` })
  replaceAddress(route, 'eth0', address)
  assert.throws(() => deleteAddress(route, 'eth0', { address: VIP, prefix: 32 }), { code: 'EADDRNOTAVAIL' })
  assert.throws(() => addAddress(route, 'eth9', address), { code: 'ENODEV' })
  assert.throws(() => addAddress(route, 'eth0', { address: VIP, prefix: 33 }), { code: 'EINVAL' })
})

test('routes: default, to a host by interface, local in a table of its own', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  addRoute(route, { gateway: GATEWAY })
  addRoute(route, { destination: VIP, link: 'lo', scope: 'link' })
  addRoute(route, { destination: ip('10.8.0.0'), prefix: 16, type: 'local', link: 'lo', table: 1000 })
  const main = routes(route, { family: 4, table: 254 })
  assert.equal(main.find(({ destination }) => destination === undefined)?.gateway, GATEWAY)
  assert.equal(main.find(({ destination }) => destination === VIP)?.prefix, 32)
  assert.deepEqual(
    routes(route, { table: 1000 }).map(({ type, destination, prefix }) => [type, destination, prefix]),
    [['local', '10.8.0.0', 16]],
  )
  deleteRoute(route, { destination: VIP })
  deleteRoute(route, { destination: ip('10.8.0.0'), prefix: 16, type: 'local', table: 1000 })
  assert.deepEqual(routes(route, { table: 1000 }), [])
  assert.throws(() => deleteRoute(route, { destination: VIP }), { code: 'ESRCH' })
})

test('replaceRoute() changes the gateway; a gateway out of reach is refused with the reason', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  addRoute(route, { gateway: GATEWAY })
  assert.throws(() => addRoute(route, { gateway: GATEWAY }), { code: 'EEXIST' })
  replaceRoute(route, { gateway: ip('192.168.40.2') })
  const [found] = routes(route, { table: 254 })
  assert.equal(found?.gateway, '192.168.40.2')
  const unreachable = () => addRoute(route, { destination: VIP, gateway: ip('203.0.113.1') })
  assert.throws(unreachable, { code: 'ENETUNREACH', message: /route 192.168.41.249: Nexthop has invalid gateway/ })
})

test('a route over several next hops reads back', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  const hop = (last: number, weight: number) => ({ gateway: ip(`192.168.40.${last}`), ifindex: 0, weight })
  addRoute(route, { destination: VIP, nextHops: [hop(1, 1), hop(2, 3)] })
  const found = routes(route, { table: 254 }).find(({ destination }) => destination === VIP)
  assert.deepEqual(
    found?.nextHops.map(({ gateway, weight }) => [gateway, weight]),
    [
      ['192.168.40.1', 1],
      ['192.168.40.2', 3],
    ],
  )
})

test('rules send marked packets to a table', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  const before = rules(route, { family: 4 }).length
  const rule = { family: 4, priority: 100, table: 1000, mark: { value: 7, mask: 0xff } } as const
  addRule(route, rule)
  const found = rules(route, { family: 4 }).find(({ priority }) => priority === 100)
  assert.deepEqual([found?.table, found?.mark], [1000, rule.mark])
  assert.throws(() => addRule(route, rule), { code: 'EEXIST' })
  deleteRule(route, rule)
  assert.equal(rules(route, { family: 4 }).length, before)
  assert.throws(() => deleteRule(route, rule), { code: 'ENOENT' })
})

test('neighbours: bound for good, asked for, answered for', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  const mac = parseMac('02:00:00:00:00:99')!
  setNeighbour(route, 'eth0', GATEWAY, mac)
  resolveNeighbour(route, 'eth0', ip('192.168.40.9'))
  addProxyNeighbour(route, 'eth0', ip('192.168.50.1'))
  const states = new Map(
    neighbours(route, { family: 4, link: 'eth0' }).map(({ address, mac, state }) => [address, [mac, state]]),
  )
  assert.deepEqual(states.get(GATEWAY), [mac, 'permanent'])
  assert.deepEqual(states.get(ip('192.168.40.9')), [undefined, 'incomplete'])
  const [proxied] = neighbours(route, { family: 4, proxy: true })
  assert.equal(proxied?.address, '192.168.50.1')
  deleteNeighbour(route, 'eth0', GATEWAY)
  assert.equal(
    neighbours(route, { link: 'eth0' }).some(({ address, state }) => address === GATEWAY && state === 'permanent'),
    false,
  )
  deleteNeighbour(route, 'eth0', ip('192.168.50.1'), true)
  assert.deepEqual(neighbours(route, { proxy: true }), [])
})

test('clsact is made once, and a filter without a program is refused', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  const create = () => route.request('make clsact', RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, encodeClsact(1))
  create()
  assert.throws(create, { code: 'EEXIST' })
  const filter = encodeBpfFilter({ ifindex: 1, direction: 'ingress', priority: 1, handle: 1 }, 9999, 'sluice')
  assert.throws(() => route.request('attach', RTM_NEWTFILTER, NLM_F_CREATE, filter), { code: 'EBADF' })
})

test('a dump of more than one datagram comes whole', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  for (let i = 0; i < 500; i++) {
    addAddress(route, 'lo', { address: ip(`10.${i >> 8}.${i & 255}.1`), prefix: 32 })
  }
  assert.equal(addresses(route, { family: 4, link: 'lo' }).length, 501)
  // The next answer is not confused with leftovers.
  assert.throws(() => addAddress(route, 'lo', { address: ip('10.0.0.1'), prefix: 32 }), { code: 'EEXIST' })
  assert.equal(addresses(route, { family: 4 }).length, 502)
})

test('failures leave no descriptor open', { skip }, t => {
  using route = host(scratchNamespace(t, 'a'))
  const before = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 20; i++) assert.throws(() => createVeth(route, { name: 'eth0' }, { name: 'x' }))
  new RouteSocket().close()
  assert.equal(readdirSync('/proc/self/fd').length, before)
})
