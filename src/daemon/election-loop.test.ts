/** The election loops of several machines on a segment of plain memory, in virtual time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ip, type IpFamily, ip, type Mac, parseMac } from '../bytes/address.ts'
import { KernelError } from '../kernel/errors.ts'
import type { Configuration } from '../model/configuration.ts'
import { type Instant, instant } from '../model/time.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import type { HeldAddress, PlacedAddress } from '../reconcile/addresses.ts'
import type { OutgoingPacket } from '../vrrp/advertise.ts'
import type { Received } from '../vrrp/received.ts'
import { INSTANCE, virtualAddress } from '../vrrp/testdata/instance.ts'
import { ElectionLoop } from './election-loop.ts'
import type { ElectionNetwork, InterfaceState } from './election-network.ts'
import type { RoutingKernel } from './routing-keeper.ts'

const VIP = ip('192.168.41.249')
const EADDRNOTAVAIL = 99
const EEXIST = 17

function instance(priority: number, given: Partial<VrrpInstance> = {}): VrrpInstance {
  const authentication = { type: 'pass', password: '1111' } as const
  return { ...INSTANCE, priority, authentication, addresses: [virtualAddress(VIP)], ...given }
}

class Segment {
  now: Instant = instant(1000)
  readonly machines: Machine[] = []
  readonly #wishes = new Set<{ readonly at: Instant; readonly callback: () => void }>()

  wake(at: Instant, callback: () => void): () => void {
    const wish = { at, callback }
    this.#wishes.add(wish)
    return () => void this.#wishes.delete(wish)
  }

  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const [next] = [...this.#wishes].sort((a, b) => a.at - b.at)
      if (next === undefined || next.at > end) break
      this.#wishes.delete(next)
      this.now = instant(Math.max(this.now, next.at))
      next.callback()
    }
    this.now = instant(end)
  }

  owners(): readonly string[] {
    return this.machines.filter(machine => machine.held().some(one => one.address === VIP)).map(({ name }) => name)
  }
}

/** What a crash leaves is in here, what it takes is in the loop. */
class Machine implements ElectionNetwork {
  readonly name: string
  readonly log: string[] = []
  readonly announced: Ip[] = []
  readonly notices: string[] = []
  /** Destinations of the routes that are there. */
  readonly routes = new Set<string>()
  readonly routing: RoutingKernel = {
    hasRoute: ({ destination }) => this.routes.has(String(destination)),
    addRoute: ({ destination }) => void this.routes.add(String(destination)),
    deleteRoute: ({ destination }) => void this.routes.delete(String(destination)),
    hasRule: () => true,
    addRule: () => {},
    deleteRule: () => {},
  }
  given: Partial<Configuration> = {}
  startupDelayMs = 0
  afterBootMs = 0
  /** Every change of addresses, in order. */
  readonly edits: string[] = []
  plugged = true
  readonly #segment: Segment
  readonly #own: Ip
  #virtual: HeldAddress[] = []
  #owned: readonly string[] | undefined
  readonly #beats = new Map<string, Instant>()
  #loop: ElectionLoop | undefined
  #wakes: (() => void)[] = []

  constructor(segment: Segment, name: string, own: Ip) {
    this.name = name
    this.#segment = segment
    this.#own = own
    segment.machines.push(this)
  }

  get loop(): ElectionLoop {
    return this.#loop!
  }

  start(...instances: readonly VrrpInstance[]): void {
    const segment = this.#segment
    this.#loop = new ElectionLoop({
      now: () => segment.now,
      wake: (at, callback) => {
        const cancel = segment.wake(at, callback)
        this.#wakes = [cancel]
        return cancel
      },
      network: this,
      routing: this.routing,
      ownedRouting: { read: () => undefined, write: () => {}, remove: () => {} },
      owned: {
        read: () => this.#owned,
        write: keys => {
          this.#owned = keys
        },
        remove: () => {
          this.#owned = undefined
        },
      },
      heartbeat: {
        last: name => this.#beats.get(name),
        beat: (name, now) => void this.#beats.set(name, now),
        cease: name => void this.#beats.delete(name),
      },
      log: (text, detail) => {
        if (detail !== true) this.log.push(text)
      },
      notify: ({ state, priority }) => void this.notices.push(`${state} ${priority}`),
      wallClockMs: moment => moment,
    })
    this.reload(...instances)
  }

  reload(...instances: readonly VrrpInstance[]): void {
    const global = { vrrpStartupDelayMs: this.startupDelayMs, vrrpDelayAfterBootMs: this.afterBootMs }
    const empty = { staticAddresses: [], staticRoutes: [], staticRules: [], garpGroups: [], interfaceDelays: [] }
    const vrrp = { vrrpInstances: instances, vrrpSyncGroups: [] }
    this.loop.configure({ global, ...vrrp, ...empty, ...this.given } as unknown as Configuration)
  }

  crash(): void {
    for (const cancel of this.#wakes) cancel()
    this.#loop = undefined
  }

  plug(plugged: boolean): void {
    this.plugged = plugged
    this.#loop?.changed()
  }

  receive(received: Received): void {
    this.#loop?.heard('eth0', 4, received)
  }

  listen(): void {}

  look(): InterfaceState {
    const addresses = [{ address: this.#own, linkLocal: false }]
    return { up: this.plugged, addresses }
  }

  send(_: VrrpInstance, source: Ip, { destination, hopLimit, payload }: OutgoingPacket): void {
    if (!this.plugged) throw new KernelError('send', 100, 'Network is down')
    for (const other of this.#segment.machines)
      if (other !== this && other.plugged)
        this.#segment.wake(this.#segment.now, () =>
          other.receive({ source, destination, hopLimit, payload, authenticated: undefined }),
        )
  }

  announce(_name: string, address: Ip): void {
    this.announced.push(address)
  }

  held(): readonly HeldAddress[] {
    return [{ interface: 'eth0', address: this.#own, prefix: 23 }, ...this.#virtual]
  }

  add({ interface: name, address, prefix }: PlacedAddress): void {
    if (this.#virtual.some(one => one.address === address)) throw new KernelError('add', EEXIST, 'File exists')
    this.edits.push(`add ${address}`)
    this.#virtual.push({ interface: name, address, prefix })
  }

  remove({ address }: HeldAddress): void {
    const others = this.#virtual.filter(one => one.address !== address)
    if (others.length === this.#virtual.length)
      throw new KernelError('delete', EADDRNOTAVAIL, 'Cannot assign requested address')
    this.edits.push(`remove ${address}`)
    this.#virtual = others
  }

  close(): void {}
}

function pair(): { segment: Segment; a: Machine; b: Machine } {
  const segment = new Segment()
  const a = new Machine(segment, 'a', ip('192.168.41.181'))
  const b = new Machine(segment, 'b', ip('192.168.41.251'))
  return { segment, a, b }
}

test('ElectionLoop puts the address on the better machine and announces it twice five times', () => {
  const { segment, a, b } = pair()
  a.start(instance(100))
  b.start(instance(50))
  segment.run(20_000)
  assert.deepEqual(segment.owners(), ['a'])
  assert.equal(a.announced.length, 10)
  assert.deepEqual(b.edits, [])
})

test('ElectionLoop hands the address over when it stops, after the skew and not after three intervals', () => {
  const { segment, a, b } = pair()
  a.start(instance(100))
  b.start(instance(50))
  segment.run(10_000)
  a.loop.stop()
  assert.deepEqual(segment.owners(), [])
  segment.run(850)
  assert.deepEqual(segment.owners(), ['b'])
})

test('ElectionLoop that returns soon after a crash goes on, without touching the address', () => {
  const { segment, a, b } = pair()
  a.start(instance(100))
  b.start(instance(50))
  segment.run(10_000)
  a.edits.length = 0
  a.crash()
  segment.run(2000)
  a.start(instance(100))
  segment.run(20_000)
  assert.deepEqual(segment.owners(), ['a'])
  assert.deepEqual([a.edits, b.edits], [[], []])
})

test('ElectionLoop that returns late gives the address up at once', () => {
  const { segment, a, b } = pair()
  a.start(instance(100))
  b.start(instance(50))
  segment.run(10_000)
  a.crash()
  segment.run(5000)
  assert.deepEqual(segment.owners(), ['a', 'b'])
  a.start(instance(100))
  assert.deepEqual(segment.owners(), ['b'])
  segment.run(5000)
  assert.deepEqual(segment.owners(), ['a'])
})

test('ElectionLoop that waits for its script leaves the address as it was only until another router may have it', () => {
  const { segment, a, b } = pair()
  const track = { ...INSTANCE.track, scripts: [{ name: 'check', weight: 0, reverse: false }] }
  a.start(instance(100, { track }))
  a.loop.tracked({ scripts: { check: true }, files: {}, processes: {} })
  b.start(instance(50))
  segment.run(10_000)
  a.crash()
  segment.run(1000)
  a.start(instance(100, { track }))
  assert.deepEqual(segment.owners(), ['a'])
  segment.run(3000)
  assert.deepEqual(segment.owners(), ['b'])
})

test('ElectionLoop with several instances keeps the addresses of all of them when it resumes', () => {
  const { segment, a } = pair()
  const other = ip('192.168.41.250')
  const second = instance(100, {
    name: 'VI_2',
    routerId: 52,
    addresses: [{ ...instance(1).addresses[0]!, address: other }],
  })
  a.start(instance(100), second)
  segment.run(10_000)
  a.edits.length = 0
  a.crash()
  a.start(instance(100), second)
  segment.run(10_000)
  assert.deepEqual(a.edits, [])
})

test('ElectionLoop takes off after a crash what its configuration has lost meanwhile', () => {
  const { segment, a } = pair()
  a.start(instance(100))
  segment.run(10_000)
  a.crash()
  a.start()
  assert.deepEqual(segment.owners(), [])
})

test('ElectionLoop never removes an address that was there before it', () => {
  const { segment, a } = pair()
  a.add({ ...instance(1).addresses[0]!, interface: 'eth0' })
  a.edits.length = 0
  a.start(instance(100))
  const [alarm = ''] = a.loop.report().alarms
  assert.match(
    alarm,
    /192\.168\.41\.249 is on eth0 though VI_1 is not active; somebody else put it there: remove it with/,
  )
  segment.run(10_000)
  assert.deepEqual(a.loop.report().alarms, [])
  a.loop.stop()
  assert.deepEqual(a.edits, [])
  assert.deepEqual(segment.owners(), ['a'])
})

test('ElectionLoop puts back what somebody deleted', () => {
  const { segment, a } = pair()
  a.start(instance(100))
  segment.run(10_000)
  a.remove(a.held()[1]!)
  a.loop.changed()
  assert.deepEqual(segment.owners(), ['a'])
})

test('ElectionLoop gives the address up with its cable, and takes it back with it', () => {
  const { segment, a, b } = pair()
  a.start(instance(100))
  b.start(instance(50))
  segment.run(10_000)
  a.plug(false)
  assert.deepEqual(segment.owners(), [])
  segment.run(4000)
  assert.deepEqual(segment.owners(), ['b'])
  a.plug(true)
  segment.run(4000)
  assert.deepEqual(segment.owners(), ['a'])
})

test('ElectionLoop says once who else claims its address, and not when it has just got it', () => {
  const { segment, a } = pair()
  const stranger: Mac = parseMac('02:00:00:00:00:66')!
  const claims = () => a.log.filter(text => text.includes('claims it too')).length
  a.start(instance(100))
  a.loop.claimed('eth0', VIP, stranger)
  segment.run(3700)
  a.loop.claimed('eth0', VIP, stranger)
  assert.equal(claims(), 0)
  segment.run(5000)
  for (const [name, address] of [
    ['eth0', ip('192.168.41.7')],
    ['eth1', VIP],
    ['eth0', VIP],
    ['eth0', VIP],
  ] as const)
    a.loop.claimed(name, address, stranger)
  assert.equal(claims(), 1)
  assert.deepEqual(a.loop.report().alarms, ['02:00:00:00:00:66 on eth0 claims 192.168.41.249, which is ours'])
})

test('ElectionLoop counts what no instance can judge', () => {
  const { segment, a } = pair()
  a.start(instance(100))
  segment.run(10_000)
  const packet = { source: ip('192.168.41.9'), destination: ip('224.0.0.18'), hopLimit: 255, authenticated: undefined }
  const family: IpFamily = 4
  for (const payload of [new Uint8Array(0), Uint8Array.of(0x21, 99, 200)])
    a.loop.heard('eth0', family, { ...packet, payload })
  a.loop.heard('eth0', family, { ...packet, payload: Uint8Array.of(0x21, 51, 200) })
  a.loop.unreadable('eth0', 'fragment')
  a.loop.unreadable('eth0', 'fragment')
  assert.deepEqual(segment.owners(), ['a'])
  assert.equal(a.loop.report().vrrp[0]?.counts.short, 1)
  assert.equal(a.log.filter(text => text.includes('(fragment)')).length, 1)
})

test('ElectionLoop that is reloaded with another priority loses no address on the way', () => {
  const { segment, a, b } = pair()
  a.start(instance(100))
  b.start(instance(50))
  segment.run(10_000)
  a.edits.length = 0
  a.reload(instance(80))
  segment.run(10_000)
  assert.deepEqual(a.edits, [])
  a.reload(instance(20))
  segment.run(10_000)
  assert.deepEqual(segment.owners(), ['b'])
})

const tracking = (given: Partial<VrrpInstance['track']>) => {
  return { interfaces: [], scripts: [], files: [], processes: [], bfd: [], ...given }
}
const verdict = (up: boolean) => ({ scripts: { chk: up }, files: {}, processes: {} })

test('ElectionLoop starts an instance when its script has spoken, gives up when it fails, and returns', () => {
  const { segment, a, b } = pair()
  a.start(instance(100, { track: tracking({ scripts: [{ name: 'chk', weight: 0, reverse: false }] }) }))
  b.start(instance(50))
  segment.run(5000)
  assert.equal(a.loop.report().vrrp[0]?.state, 'INIT')
  assert.deepEqual(segment.owners(), ['b'])
  a.loop.tracked(verdict(true))
  segment.run(5000)
  assert.deepEqual(segment.owners(), ['a'])
  a.loop.tracked(verdict(false))
  assert.deepEqual(segment.owners(), [])
  segment.run(1000)
  assert.deepEqual(segment.owners(), ['b'])
  a.loop.tracked(verdict(true))
  segment.run(5000)
  assert.deepEqual(segment.owners(), ['a'])
  assert.deepEqual(a.notices, ['BACKUP 100', 'MASTER 100', 'FAULT 100', 'BACKUP 100', 'MASTER 100'])
})

test('ElectionLoop adds and takes weights, and a reload that drops the tracker drops its weight', () => {
  const { segment, a, b } = pair()
  a.start(instance(100, { track: tracking({ scripts: [{ name: 'chk', weight: -60, reverse: false }] }) }))
  b.start(instance(50))
  segment.run(5000)
  assert.deepEqual(segment.owners(), ['a'])
  a.loop.tracked(verdict(false))
  segment.run(5000)
  assert.deepEqual(segment.owners(), ['b'])
  assert.equal(a.loop.report().vrrp[0]?.priority, 40)
  a.reload(instance(100))
  assert.equal(a.loop.report().vrrp[0]?.priority, 100)
  segment.run(5000)
  assert.deepEqual(segment.owners(), ['a'])
})

test('ElectionLoop keeps out of the election for the startup delay, but not again after a reload', () => {
  const { segment, a } = pair()
  a.startupDelayMs = 20_000
  a.start(instance(100))
  segment.run(19_000)
  assert.equal(a.loop.report().vrrp[0]?.state, 'INIT')
  segment.run(6000)
  assert.deepEqual(segment.owners(), ['a'])
  a.reload(instance(90))
  segment.run(100)
  assert.deepEqual(segment.owners(), ['a'])
})

test('ElectionLoop waits for the time after boot that is left, and no longer', () => {
  const { segment, a } = pair()
  // The clock of the segment stands at 1 s.
  a.afterBootMs = 10_000
  a.start(instance(100))
  segment.run(8900)
  assert.equal(a.loop.report().vrrp[0]?.state, 'INIT')
  segment.run(200)
  assert.equal(a.loop.report().vrrp[0]?.state, 'BACKUP')
})

test('ElectionLoop has the routes of an instance while it is active, and puts back what somebody deletes', () => {
  const { segment, a } = pair()
  const route = (text: string) => ({ words: text.split(' '), family: 4 as const })
  a.given = { staticRoutes: [route('10.9.0.0/24 dev eth0')] }
  a.start(instance(100, { routes: [route('10.5.0.0/24 via 192.168.41.1')] }))
  assert.deepEqual([...a.routes], ['10.9.0.0'])
  segment.run(5000)
  assert.deepEqual([...a.routes], ['10.9.0.0', '10.5.0.0'])
  a.routes.clear()
  a.loop.changed()
  assert.deepEqual([...a.routes], ['10.9.0.0', '10.5.0.0'])
  a.plug(false)
  assert.deepEqual([...a.routes], ['10.9.0.0'])
  a.loop.stop()
  assert.deepEqual([...a.routes], [])
})

test('ElectionLoop with a delay lives through a short loss of its link, and not through a long one', () => {
  const { segment, a } = pair()
  a.given = { interfaceDelays: [{ interface: 'eth0', downMs: 500, upMs: 1000 }] }
  a.start(instance(100))
  segment.run(5000)
  a.plug(false)
  segment.run(400)
  a.plug(true)
  segment.run(2000)
  assert.deepEqual(segment.owners(), ['a'])
  a.plug(false)
  segment.run(600)
  assert.deepEqual(segment.owners(), [])
  a.plug(true)
  segment.run(900)
  assert.equal(a.loop.report().vrrp[0]?.state, 'FAULT')
  segment.run(200)
  assert.equal(a.loop.report().vrrp[0]?.state, 'BACKUP')
})
