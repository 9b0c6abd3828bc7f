import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ip } from '../bytes/address.ts'
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

test('RouteMonitor tells of addresses, links and neighbours as they change', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  using route = new RouteSocket(namespace)
  createVeth(route, { name: 'eth0', up: true }, { name: 'far', up: true })
  using monitor = new RouteMonitor(['link', 'address', 'neighbour'], namespace)
  assert.equal(monitor.receive(), undefined)

  const vip = { address: ip('10.0.0.1'), prefix: 24 }
  addAddress(route, 'eth0', vip)
  setNeighbour(route, 'eth0', ip('10.0.0.2'), '02:00:00:00:00:02' as never)
  deleteAddress(route, 'eth0', vip)
  setLink(route, 'far', { up: false })
  deleteLink(route, 'eth0')

  const story = drain(monitor).flatMap(event => {
    if (event.type === 'address') return `${event.gone ? 'lost' : 'got'} ${event.address.address}`
    if (event.type === 'neighbour') return event.neighbour.address === '10.0.0.2' ? 'neighbour' : []
    if (event.type === 'link' && event.link.name === 'eth0') {
      return event.gone ? 'gone' : event.link.running ? [] : 'no carrier'
    }
    return []
  })
  const told = story.filter((word, i) => !word.includes(':') && story.indexOf(word) === i)
  assert.deepEqual(told, ['got 10.0.0.1', 'neighbour', 'lost 10.0.0.1', 'no carrier', 'gone'])
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
