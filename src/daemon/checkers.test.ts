import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryTable } from '../balancer/memory-table.ts'
import { ip } from '../bytes/address.ts'
import type { Channel } from '../health/channel.ts'
import type { ProbeEvent } from '../health/conversation.ts'
import type { Letter } from '../health/letter.ts'
import { realServer, tcpChecker, virtualServer } from '../health/samples.ts'
import type { Configuration } from '../model/configuration.ts'
import type { Script } from '../model/script.ts'
import { after, type Instant, instant } from '../model/time.ts'
import type { VirtualServer } from '../model/virtual-server.ts'
import type { ServiceTable } from '../model/virtual-service.ts'
import { Checkers, type Surroundings } from './checkers.ts'
import type { ChannelRules } from './open-channel.ts'
import type { OwnedNames } from './owned-names.ts'

interface Wish {
  readonly at: Instant
  readonly callback: () => void
}

/** Virtual time, targets that answer as told, and a table in memory that counts its edits. */
class World implements Surroundings {
  readonly memory = new MemoryTable()
  readonly table: ServiceTable
  readonly logged: string[] = []
  readonly edits: string[] = []
  readonly down = new Set<string>()
  channels = 0
  #now: Instant = instant(1000)
  readonly #wishes = new Set<Wish>()
  #names: OwnedNames | undefined

  constructor() {
    const edits = this.edits
    this.table = new Proxy<ServiceTable>(this.memory, {
      get: (memory, name: keyof ServiceTable) => {
        const value = memory[name]
        if (typeof value !== 'function') return value
        return (...words: unknown[]) => {
          if (/^(add|edit|delete)/.test(name)) edits.push(name)
          return Reflect.apply(value, memory, words)
        }
      },
    })
  }

  readonly now = () => this.#now
  readonly random = () => 0
  readonly log = (text: string) => void this.logged.push(text)
  readonly wallClockMs = (moment: Instant) => moment
  readonly owned = {
    read: () => this.#names,
    write: (names: OwnedNames) => {
      this.#names = names
    },
    remove: () => {
      this.#names = undefined
    },
  }

  readonly wake = (at: Instant, callback: () => void) => {
    const wish = { at, callback }
    this.#wishes.add(wish)
    return () => void this.#wishes.delete(wish)
  }

  readonly soon = (callback: () => void) => void this.wake(this.#now, callback)

  readonly here = new Set<string>()
  readonly holds = (address: string) => this.here.has(address)
  readonly numbers = new Map<string, (value: number) => void>()
  readonly follow = ({ name }: { readonly name: string }, onValue: (value: number) => void) => {
    this.numbers.set(name, onValue)
    return { value: 0, close: () => void this.numbers.delete(name) }
  }

  readonly ran: string[] = []
  readonly lines: string[] = []
  readonly letters: Letter[] = []
  readonly outlets = {
    configure: () => {},
    run: ({ argv }: { readonly argv: readonly string[] }) => void this.ran.push(argv.join(' ')),
    line: (text: string) => void this.lines.push(text),
    mail: (letter: Letter) => void this.letters.push(letter),
    close: () => {},
  }

  #drained: readonly string[] | undefined
  readonly drained = {
    read: () => this.#drained,
    write: (names: readonly string[]) => {
      this.#drained = names
    },
    remove: () => {
      this.#drained = undefined
    },
  }

  probed = 0
  readonly open = (channel: Channel, _: ChannelRules, report: (event: ProbeEvent) => void) => {
    assert.ok(channel.kind === 'connection')
    this.channels++
    this.probed++
    const answer = this.down.has(channel.target.address)
      ? ({ type: 'refused', cause: 'connection refused' } as const)
      : ({ type: 'connected' } as const)
    const cancel = this.wake(after(this.#now, 1), () => report(answer))
    const close = () => {
      this.channels--
      cancel()
    }
    return { write: () => {}, close }
  }

  run(ms: number): void {
    const end = after(this.#now, ms)
    for (;;) {
      let next: Wish | undefined
      for (const wish of this.#wishes) if (next === undefined || wish.at < next.at) next = wish
      if (next === undefined || next.at > end) break
      this.#wishes.delete(next)
      this.#now = instant(Math.max(this.#now, next.at))
      next.callback()
    }
    this.#now = end
  }

  /** What the process knew is lost; table and note stay. */
  crash(): void {
    this.#wishes.clear()
    this.channels = 0
  }

  servers(): string {
    return this.memory
      .services()
      .flatMap(service => service.destinations.map(({ address, weight }) => `${address.split('.')[3]}:${weight}`))
      .sort()
      .join(' ')
  }
}

function configuration(...virtualServers: readonly VirtualServer[]): Configuration {
  const global = { routerId: 'LVS_DEVEL', lvsTimeouts: undefined }
  const trackFiles = [{ name: 'load', path: '/load', weight: 1, reverse: false, init: undefined }]
  return { virtualServers, global, trackFiles, vrrpInstances: [] } as unknown as Configuration
}

function script(word: string): Script {
  return { argv: [word], user: undefined, group: undefined }
}

const article = configuration(virtualServer())

test('Checkers fill the table at once and keep it in step with what answers', () => {
  const world = new World()
  const checkers = new Checkers(world)
  checkers.configure(article)
  assert.equal(world.servers(), '31:1 33:1')
  world.run(5000)
  world.down.add('192.168.41.31')
  world.run(20_000)
  assert.equal(world.servers(), '33:1')
  world.down.clear()
  world.run(8000)
  assert.equal(world.servers(), '31:1 33:1')
  assert.equal(world.channels, 0)
})

test('Checkers that return after a crash touch nothing, and revive nobody who was down', () => {
  const world = new World()
  new Checkers(world).configure(article)
  world.down.add('192.168.41.31')
  world.run(5000)
  world.crash()
  world.edits.length = 0
  const returned = new Checkers(world)
  returned.configure(article)
  world.run(20_000)
  assert.deepEqual(world.edits, [])
  assert.equal(world.servers(), '33:1')
  world.down.clear()
  world.run(8000)
  assert.deepEqual(world.edits, ['addDestination'])
})

test('Checkers take out after a crash what the configuration lost meanwhile, and nothing of an operator', () => {
  const world = new World()
  new Checkers(world).configure(article)
  world.memory.addDestination(virtualServer().service, { ...realServer({ address: ip('192.168.41.77') }) })
  world.crash()
  new Checkers(world).configure(configuration(virtualServer({ realServers: [realServer()] })))
  assert.equal(world.servers(), '31:1 77:1')
})

test('Checkers keep the answers they have when a reload asks the same', () => {
  const world = new World()
  const checkers = new Checkers(world)
  checkers.configure(article)
  world.down.add('192.168.41.31')
  world.run(5000)
  assert.equal(world.servers(), '33:1')
  world.edits.length = 0
  world.logged.length = 0
  const timing = { ...tcpChecker().schedule, intervalMs: 1000, retries: 0 }
  const faster = virtualServer().realServers.map(server => ({
    ...server,
    checkers: server.checkers.map(checker => ({ ...checker, schedule: timing })),
  }))
  checkers.configure(configuration(virtualServer({ realServers: faster })))
  assert.deepEqual(world.edits, [])
  assert.deepEqual(world.logged, [])
  world.run(8000)
  world.down.clear()
  world.run(1500)
  assert.equal(world.servers(), '31:1 33:1')
})

test('Checkers that stop take out what is theirs', () => {
  const world = new World()
  const checkers = new Checkers(world)
  checkers.configure(article)
  const mail = virtualServer({ service: { kind: 'mark', mark: 7, family: 4 } }).service
  world.memory.addService({ ...world.memory.services()[0]!, key: mail })
  checkers.stop()
  assert.deepEqual(
    world.memory.services().map(service => service.key.kind),
    ['mark'],
  )
  world.run(60_000)
  assert.equal(world.channels, 0)
})

test('Checkers empty the table of what others put there, if lvs_flush or lvs_flush_on_stop says so', () => {
  const world = new World()
  const { global, ...rest } = article
  const other = virtualServer({ service: { kind: 'mark', mark: 7, family: 4 } }).service
  const kinds = () => world.memory.services().map(service => service.key.kind)
  const addOther = () => world.memory.addService({ ...world.memory.services()[0]!, key: other })
  new Checkers(world).configure(article)
  addOther()
  world.memory.addDestination(virtualServer().service, { ...realServer({ address: ip('192.168.41.77') }) })
  world.crash()
  const checkers = new Checkers(world)
  const flushing = { ...rest, global: { ...global, lvsFlush: true, lvsFlushOnStop: true } }
  checkers.configure(flushing)
  assert.deepEqual(kinds(), ['address'])
  assert.equal(world.servers(), '31:1 33:1')
  addOther()
  checkers.configure(flushing)
  assert.deepEqual(kinds().sort(), ['address', 'mark'], 'a reload is no start')
  checkers.stop()
  assert.deepEqual(kinds(), [])
})

test('Checkers follow a BFD session', () => {
  const world = new World()
  const follow = (alpha: boolean) => [{ type: 'BFD_CHECK', name: 'path', alpha }] as const
  const realServers = [
    realServer({ checkers: [], following: follow(false), smtpAlert: true }),
    realServer({ address: ip('192.168.41.33'), checkers: [], following: follow(true) }),
  ]
  const checkers = new Checkers(world)
  checkers.configure(configuration(virtualServer({ realServers })))
  assert.equal(world.servers(), '31:1')
  checkers.detected({ path: true })
  world.run(60)
  assert.equal(world.servers(), '31:1 33:1')
  world.logged.length = 0
  checkers.detected({ path: false })
  world.run(60)
  assert.equal(world.servers(), '')
  assert.equal(world.logged[0], 'BFD check of [path] RS([192.168.41.31]:tcp:80) is DOWN')
  assert.deepEqual(
    world.letters.map(({ body }) => body),
    ['=> BFD CHECK path failed on service <='],
  )
})

test('Checkers edit the table once for many servers that fail in one breath', () => {
  const world = new World()
  const realServers = Array.from({ length: 100 }, (_, i) => realServer({ address: ip(`192.168.41.${i + 1}`) }))
  const checkers = new Checkers(world)
  checkers.configure(configuration(virtualServer({ realServers })))
  world.run(3000)
  let plans = 0
  const original = world.memory.service.bind(world.memory)
  world.memory.service = key => {
    plans++
    return original(key)
  }
  for (const { address } of realServers) world.down.add(address)
  world.run(20_000)
  assert.equal(world.servers(), '')
  assert.ok(plans <= 2, `${plans} plans`)
})

test('Checkers probe once for all services that ask the same', () => {
  const world = new World()
  const checkers = new Checkers(world)
  const addresses = Array.from({ length: 20 }, (_, i) => ip(`192.168.41.${200 + i}`))
  const group = addresses.map(address =>
    virtualServer({ service: { kind: 'address', protocol: 'TCP', address, port: 80 } }),
  )
  checkers.configure(configuration(...group))
  assert.equal(checkers.probes, 2)
  world.run(3000)
  assert.equal(world.probed, 2)
  world.down.add('192.168.41.31')
  world.run(30_000)
  assert.equal(world.servers(), Array(20).fill('33:1').join(' '))
})

test('Checkers take a server out when one of its several checkers fails', () => {
  const world = new World()
  const two = [tcpChecker(), tcpChecker({ target: { ...tcpChecker().target, address: ip('192.168.41.99') } })]
  new Checkers(world).configure(configuration(virtualServer({ realServers: [realServer({ checkers: two })] })))
  world.run(3000)
  assert.equal(world.servers(), '31:1')
  world.down.add('192.168.41.99')
  world.run(20_000)
  assert.equal(world.servers(), '')
})

test('Checkers drain a server in all services, through reloads and crashes, until told otherwise', () => {
  const world = new World()
  const checkers = new Checkers(world)
  checkers.configure(article)
  world.run(3000)
  assert.deepEqual(checkers.drain('192.168.41.99', true), [])
  assert.deepEqual(checkers.drain('192.168.41.31', true), ['192.168.41.31:80'])
  world.run(60)
  assert.equal(world.servers(), '31:0 33:1')
  checkers.configure(article)
  assert.equal(world.servers(), '31:0 33:1')
  world.crash()
  const returned = new Checkers(world)
  returned.configure(article)
  world.run(10_000)
  assert.equal(world.servers(), '31:0 33:1')
  assert.equal(returned.report()[0]?.realServers[0]?.drained, true)
  assert.deepEqual(returned.drain('192.168.41.31:80', false), ['192.168.41.31:80'])
  world.run(60)
  assert.equal(world.servers(), '31:1 33:1')
})

test('Checkers rest while the address of their service is not on this machine', () => {
  const world = new World()
  const checkers = new Checkers(world)
  checkers.configure(configuration(virtualServer({ suspendWithoutAddress: true })))
  world.run(60_000)
  assert.equal(world.probed, 0)
  world.here.add('192.168.41.249')
  checkers.addressesChanged()
  world.run(1000)
  assert.equal(world.probed, 2)
  world.here.clear()
  checkers.addressesChanged()
  world.down.add('192.168.41.31')
  world.run(60_000)
  assert.equal(world.probed, 2)
  assert.equal(world.servers(), '31:1 33:1')
  assert.equal(world.channels, 0)
})

test('Checkers follow the number in a file', () => {
  const world = new World()
  const following = [{ type: 'FILE_CHECK', trackFile: 'load', weight: 2, reverse: false }] as const
  const gate = [{ type: 'FILE_CHECK', trackFile: 'load', weight: 0, reverse: false }] as const
  const realServers = [
    realServer({ weight: 5, checkers: [], following }),
    realServer({ address: ip('192.168.41.33'), checkers: [], following: gate }),
  ]
  new Checkers(world).configure(configuration(virtualServer({ realServers })))
  assert.equal(world.servers(), '31:5 33:1')
  world.numbers.get('load')?.(-1)
  world.run(60)
  assert.equal(world.servers(), '31:3')
  world.numbers.get('load')?.(0)
  world.run(60)
  assert.equal(world.servers(), '31:5 33:1')
})

test('Checkers tell scripts, pipe and mail, and with omega also that they stop', () => {
  const world = new World()
  const server = realServer({ smtpAlert: true, notifyUp: script('up'), notifyDown: script('down') })
  const checkers = new Checkers(world)
  const told = { smtpAlert: true, omega: true, quorumUp: script('gained'), quorumDown: script('lost') }
  checkers.configure(configuration(virtualServer({ realServers: [server], ...told })))
  world.run(3000)
  world.down.add('192.168.41.31')
  world.run(20_000)
  world.down.clear()
  world.run(8000)
  checkers.stop()
  const [rs, vs] = ['[192.168.41.31]:tcp:80', '[192.168.41.249]:tcp:80']
  assert.deepEqual(world.ran, ['gained', 'down', 'lost', 'up', 'gained', 'down', 'lost'])
  assert.deepEqual(world.lines.slice(0, 4), [
    `VS ${vs} UP`,
    `RS ${rs} ${vs} DOWN`,
    `VS ${vs} DOWN`,
    `RS ${rs} ${vs} UP`,
  ])
  assert.deepEqual(
    world.letters.map(({ subject, body }) => `${subject}: ${body}`),
    [
      `[LVS_DEVEL] Virtualserver ${vs} - UP: => Starting with quorum up 1+0=1 <= 1 <=`,
      `[LVS_DEVEL] Virtualserver ${vs} - DOWN: => Lost quorum 1+0=1 <= 0 <=`,
      `[LVS_DEVEL] Realserver ${rs} of virtual server ${vs} - DOWN: => TCP CHECK failed on service <=`,
      `[LVS_DEVEL] Virtualserver ${vs} - UP: => Gained quorum 1+0=1 <= 1 <=`,
      `[LVS_DEVEL] Realserver ${rs} of virtual server ${vs} - UP: => TCP CHECK succeed on service <=`,
    ],
  )
})

test('Checkers mail a handful of times about a server that flaps, then once that it did', () => {
  const world = new World()
  const timing = { ...tcpChecker().schedule, intervalMs: 1000, retries: 0, warmupMs: 0 }
  const server = realServer({ smtpAlert: true, checkers: [tcpChecker({ schedule: timing })] })
  const checkers = new Checkers(world)
  checkers.configure(configuration(virtualServer({ realServers: [server] })))
  for (let i = 0; i < 100; i++) {
    if (i % 2 === 0) world.down.add('192.168.41.31')
    else world.down.clear()
    world.run(2000)
  }
  assert.equal(world.letters.length, 6)
  const seen = checkers.report()[0]?.realServers[0]
  assert.ok(seen !== undefined && seen.transitions > 50 && seen.heldLetters === seen.transitions - 6)
  world.run(700_000)
  assert.equal(world.letters.length, 7)
  assert.match(world.letters[6]?.body ?? '', /It changed \d+ times in the last 10 minutes/)
})

test('Checkers let the weight of a server that returns grow, unless something else is wanted of it', () => {
  const world = new World()
  const [one, other] = [realServer(), realServer({ address: ip('192.168.41.33') })]
  const realServers = [
    { ...one, weight: 10, slowStartMs: 10_000 },
    { ...other, weight: 10 },
  ]
  const checkers = new Checkers(world)
  checkers.configure(configuration(virtualServer({ realServers })))
  assert.equal(world.servers(), '31:10 33:10')
  world.run(5000)
  world.down.add('192.168.41.31')
  world.run(20_000)
  assert.equal(world.servers(), '33:10')
  world.down.clear()
  const seen = new Set<string>()
  for (let i = 0; i < 180; i++) {
    world.run(100)
    seen.add(world.servers())
  }
  assert.deepEqual([...seen], ['33:10', ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(weight => `31:${weight} 33:10`)])
  assert.deepEqual(checkers.report()[0]?.realServers.map(({ weight, fullWeight }) => [weight, fullWeight])[0], [10, 10])

  world.down.add('192.168.41.31')
  world.run(20_000)
  world.down.clear()
  world.run(9000)
  assert.match(world.servers(), /^31:[1-9] 33:10$/)
  checkers.configure(configuration(virtualServer({ realServers })))
  assert.match(world.servers(), /^31:[1-9] 33:10$/)
  checkers.drain('192.168.41.31', true)
  world.run(100)
  assert.equal(world.servers(), '31:0 33:10')
  world.run(20_000)
  checkers.drain('192.168.41.31', false)
  world.run(100)
  assert.equal(world.servers(), '31:10 33:10')
})

test('Checkers have a thousand servers that fail at once out of the table within one interval', () => {
  const world = new World()
  let seed = 0
  const spread = { ...world, random: () => (seed++ % 1000) / 1000 }
  const timing = { ...tcpChecker().schedule, intervalMs: 5000, warmupMs: 5000, retries: 0 }
  const realServers = Array.from({ length: 1000 }, (_, i) => {
    const address = ip(`10.0.${i >> 8}.${i & 255}`)
    return realServer({
      address,
      checkers: [tcpChecker({ schedule: timing, target: { ...tcpChecker().target, address } })],
    })
  })
  new Checkers(spread).configure(configuration(virtualServer({ realServers })))
  world.run(10_000)
  assert.equal(world.memory.services()[0]?.destinations.length, 1000)
  for (const { address } of realServers) world.down.add(address)
  world.run(timing.intervalMs + 60)
  assert.equal(world.memory.services()[0]?.destinations.length, 0)
})
