import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryTable } from '../balancer/memory-table.ts'
import { ip } from '../bytes/address.ts'
import type { Channel } from '../health/channel.ts'
import type { ProbeEvent } from '../health/conversation.ts'
import type { Letter } from '../health/letter.ts'
import { realServer, tcpChecker, virtualServer } from '../health/samples.ts'
import type { Configuration } from '../model/configuration.ts'
import { after, type Instant, instant } from '../model/time.ts'
import type { VirtualServer } from '../model/virtual-server.ts'
import type { ServiceTable } from '../model/virtual-service.ts'
import { Checkers, type Surroundings } from './checkers.ts'
import type { ChannelRules } from './open-channel.ts'
import type { OwnedNames } from './owned-names.ts'

/** Virtual time, targets that answer as told, and a table in memory that counts its edits. */
class World implements Surroundings {
  readonly memory = new MemoryTable()
  readonly table: ServiceTable
  readonly logged: string[] = []
  readonly edits: string[] = []
  readonly down = new Set<string>()
  channels = 0
  #now: Instant = instant(1000)
  readonly #wishes = new Set<{ readonly at: Instant; readonly callback: () => void }>()
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
    assert.ok(channel.kind === 'stream')
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
      const [next] = [...this.#wishes].sort((a, b) => a.at - b.at)
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
  return { virtualServers, global, trackFiles } as unknown as Configuration
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
