import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ip, parseMac } from '../bytes/address.ts'
import { addAddress, deleteAddress } from './address.ts'
import { createVeth, deleteLink, setLink } from './link.ts'
import { setNeighbour } from './neighbour.ts'
import { Poller } from './poller.ts'
import { type RouteEvent, RouteMonitor } from './route-monitor.ts'
import { RouteSocket } from './route-socket.ts'
import { needsRoot, scratchNamespace } from './scratch-namespace.ts'

const skip = needsRoot

function drain(monitor: RouteMonitor): readonly RouteEvent[] {
  const events: RouteEvent[] = []
  for (let news = monitor.receive(); news !== undefined; news = monitor.receive()) events.push(...news)
  return events
}

/** Reads news until one pleases; the wait is bounded by the test's own timeout. */
async function hear(monitor: RouteMonitor, pleases: (event: RouteEvent) => boolean): Promise<void> {
  while (!drain(monitor).some(pleases)) await sleep(1)
}

test('RouteMonitor tells of addresses, links and neighbours as they change', { skip, timeout: 10_000 }, async t => {
  const namespace = scratchNamespace(t, 'a')
  using route = new RouteSocket(namespace)
  createVeth(route, { name: 'eth0', up: true }, { name: 'far', up: true })
  using monitor = new RouteMonitor(['link', 'address', 'neighbour'], namespace)
  const vip = ip('10.0.0.1')
  const vipIs = (gone: boolean) => (event: RouteEvent) =>
    event.type === 'address' && event.gone === gone && event.address.address === vip
  const eth0 = (pleases: (event: RouteEvent & { type: 'link' }) => boolean) => (event: RouteEvent) =>
    event.type === 'link' && event.link.name === 'eth0' && pleases(event)

  addAddress(route, 'eth0', { address: vip, prefix: 24 })
  await hear(monitor, vipIs(false))
  setNeighbour(route, 'eth0', ip('10.0.0.2'), parseMac('02:00:00:00:00:02')!)
  await hear(monitor, event => event.type === 'neighbour' && event.neighbour.address === '10.0.0.2')
  deleteAddress(route, 'eth0', { address: vip, prefix: 24 })
  await hear(monitor, vipIs(true))
  setLink(route, 'far', { up: false })
  await hear(
    monitor,
    eth0(({ link }) => link.up && !link.running),
  )
  deleteLink(route, 'eth0')
  await hear(
    monitor,
    eth0(({ gone }) => gone),
  )
})

test('a flood of news is told as an overrun, and news after it still come', { skip, timeout: 30_000 }, async t => {
  const namespace = scratchNamespace(t, 'a')
  using route = new RouteSocket(namespace)
  createVeth(route, { name: 'eth0' }, { name: 'far' })
  using monitor = new RouteMonitor(['link'], namespace)
  using poller = new Poller()
  const events: RouteEvent[] = []
  poller.watch(monitor.fd, () => void events.push(...drain(monitor)))
  // More than the socket keeps, while we do not return to the event loop.
  for (let i = 0; i < 8000; i++) setLink(route, 'eth0', { up: i % 2 === 0 })
  while (!events.some(({ type }) => type === 'overrun')) await sleep(5)
  await sleep(20)
  events.length = 0
  setLink(route, 'eth0', { up: true })
  while (!events.some(event => event.type === 'link' && event.link.name === 'eth0')) await sleep(5)
})
