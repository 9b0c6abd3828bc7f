import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseMac } from '../bytes/address.ts'
import { createBridge, createMacvlan, createVeth, deleteLink, findLink, getLink, links, setLink } from './link.ts'
import { inNamespace } from './namespace.ts'
import { readOffload, setOffloads } from './offload.ts'
import { RouteSocket } from './route-socket.ts'
import { needsRoot, scratchNamespace } from './scratch-namespace.ts'

const skip = needsRoot
const MAC = parseMac('02:00:00:00:00:01')!
const PEER_MAC = parseMac('02:00:00:00:00:02')!

/** The kernel looks at cables in its own time (link_watch), so IFF_RUNNING follows a little later. */
async function running(route: RouteSocket, name: string, wanted: boolean): Promise<void> {
  while (getLink(route, name).running !== wanted) await sleep(2)
}

const patient = { skip, timeout: 10_000 }

test('createVeth() lays a cable into another namespace, both ends up', patient, async t => {
  const [a, b] = [scratchNamespace(t, 'a'), scratchNamespace(t, 'b')]
  using near = new RouteSocket(a)
  using far = new RouteSocket(b)
  createVeth(
    near,
    { name: 'v0', mac: MAC, up: true },
    { name: 'eth0', mac: PEER_MAC, mtu: 1400, up: true, namespace: b },
  )
  const [end, peer] = [getLink(near, 'v0'), getLink(far, 'eth0')]
  assert.deepEqual([end.mac, end.kind, end.up], [MAC, 'veth', true])
  assert.deepEqual([peer.mac, peer.mtu, peer.up], [PEER_MAC, 1400, true])
  assert.equal(peer.parent, end.ifindex)
  await running(near, 'v0', true)
  await running(far, 'eth0', true)
  assert.equal(findLink(near, 'eth0'), undefined)
})

test('setLink() renames, switches, sets address and MTU, moves', patient, async t => {
  const [a, b] = [scratchNamespace(t, 'a'), scratchNamespace(t, 'b')]
  using near = new RouteSocket(a)
  using far = new RouteSocket(b)
  createVeth(near, { name: 'v0' }, { name: 'v1' })
  setLink(near, 'v0', { name: 'eth0', mac: MAC, mtu: 9000, up: true, arp: false })
  const link = getLink(near, 'eth0')
  assert.deepEqual([link.mac, link.mtu, link.up, link.flags & 0x80], [MAC, 9000, true, 0x80])
  await running(near, 'eth0', false)
  setLink(near, 'v1', { up: true })
  await running(near, 'eth0', true)
  setLink(near, 'v1', { up: false })
  await running(near, 'eth0', false)
  setLink(near, 'eth0', { namespace: b })
  assert.equal(findLink(near, 'eth0'), undefined)
  assert.equal(getLink(far, 'eth0').up, false)
})

test('a bridge takes ports and lets them go', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  using route = new RouteSocket(namespace)
  createBridge(route, { name: 'br0', up: true }, false)
  createVeth(route, { name: 'p0', master: 'br0' }, { name: 'v0', master: 'br0' })
  const bridge = getLink(route, 'br0')
  assert.deepEqual(
    [bridge.kind, getLink(route, 'p0').master, getLink(route, 'v0').master],
    ['bridge', bridge.ifindex, bridge.ifindex],
  )
  setLink(route, 'p0', { master: null })
  assert.equal(getLink(route, 'p0').master, undefined)
})

test('createMacvlan() stands on another interface', { skip }, t => {
  using route = new RouteSocket(scratchNamespace(t, 'a'))
  createVeth(route, { name: 'v0', up: true }, { name: 'v1' })
  createMacvlan(route, { name: 'vrrp.51', mac: parseMac('00:00:5e:00:01:33')! }, 'v0', 'private')
  const link = getLink(route, 'vrrp.51')
  assert.deepEqual([link.kind, link.mac, link.parent], ['macvlan', '00:00:5e:00:01:33', getLink(route, 'v0').ifindex])
})

test('deleteLink() takes the other end along', { skip }, t => {
  using route = new RouteSocket(scratchNamespace(t, 'a'))
  createVeth(route, { name: 'v0' }, { name: 'v1' })
  deleteLink(route, 'v1')
  assert.deepEqual(
    links(route).map(({ name }) => name),
    ['lo'],
  )
})

test('what the kernel refuses comes with its own explanation', { skip }, t => {
  using route = new RouteSocket(scratchNamespace(t, 'a'))
  createVeth(route, { name: 'v0' }, { name: 'v1' })
  assert.throws(() => createVeth(route, { name: 'v0' }, { name: 'v2' }), { code: 'EEXIST' })
  assert.throws(() => setLink(route, 'eth9', { up: true }), {
    message: 'cannot look up eth9: No such device (ENODEV)',
  })
  assert.throws(() => setLink(route, 'v0', { mtu: 1 }), { code: 'EINVAL', message: /change v0: mtu less than/ })
  assert.throws(() => setLink(route, 'v0', { name: 'x'.repeat(16) }), { code: 'ERANGE' })
})

test('setOffloads() switches what the interface does for the kernel', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  using route = new RouteSocket(namespace)
  createVeth(route, { name: 'v0' }, { name: 'v1' })
  inNamespace(namespace, () => {
    for (const offload of ['transmitChecksum', 'tcpSegmentation', 'genericSegmentation'] as const) {
      assert.equal(readOffload('v0', offload), true)
      setOffloads('v0', { [offload]: false })
      assert.equal(readOffload('v0', offload), false)
      setOffloads('v0', { [offload]: true })
      assert.equal(readOffload('v0', offload), true)
    }
    const message = 'cannot read scatterGather of eth9: No such device (ENODEV)'
    assert.throws(() => readOffload('eth9', 'scatterGather'), { message })
  })
})
