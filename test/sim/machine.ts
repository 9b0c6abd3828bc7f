/** One machine of the simulated network: the election loop of the daemon, on a clock and a kernel of its own. */
import { type Ip, ipFamily } from '../../src/bytes/address.ts'
import { ElectionLoop } from '../../src/daemon/election-loop.ts'
import type { Configuration } from '../../src/model/configuration.ts'
import { type Instant, instant } from '../../src/model/time.ts'
import type { InstanceSnapshot } from '../../src/observe/snapshot.ts'
import type { Notice } from '../../src/vrrp/notice.ts'
import type { Received } from '../../src/vrrp/received.ts'
import { SCRIPT, type Setup } from './cluster.ts'
import { Kernel, type Transmitter } from './kernel.ts'

/** The machine's clock against the true one: started elsewhere, and a little fast or slow. */
export interface Clock {
  readonly offsetMs: number
  readonly rate: number
}

/** What the world is told of a machine. */
export interface Witness {
  readonly log: (text: string) => void
  readonly notice: (notice: Notice) => void
}

interface Wish {
  readonly at: Instant
  readonly callback: () => void
}

/** Where the time of day begins. */
const EPOCH_MS = Date.UTC(2026, 0)

export class Machine {
  readonly name: string
  readonly address: Ip
  readonly kernel: Kernel
  setup: Setup
  clock: Clock
  /** When the process was started last, in true time. */
  startedAt: number = Number.NEGATIVE_INFINITY
  /** The process is there but does not get to run until then, in true time. */
  frozenUntil = 0
  /** In true time: the earliest wake that was ordered already. */
  wakeOrderedAt: number = Number.POSITIVE_INFINITY
  /** In true time: when it was configured last. */
  configuredAt: number = Number.NEGATIVE_INFINITY
  /** What it will do when it runs again. */
  readonly pending: (() => void)[] = []
  /** How wrong its time of day is. */
  wallClockOffMs = 0
  /** What the tracked script says. */
  scriptIsUp = true
  readonly #now: () => number
  readonly #witness: Witness
  readonly #wishes = new Set<Wish>()
  #loop: ElectionLoop | undefined

  constructor(
    given: { readonly name: string; readonly address: Ip; readonly setup: Setup; readonly clock: Clock },
    transmitter: Transmitter,
    now: () => number,
    witness: Witness,
  ) {
    this.name = given.name
    this.address = given.address
    this.setup = given.setup
    this.clock = given.clock
    this.#now = now
    this.#witness = witness
    const links = given.setup.instances.map(({ interface: link }) => link)
    this.kernel = new Kernel(links, given.address, transmitter)
  }

  /** The process is there. */
  get alive(): boolean {
    return this.#loop !== undefined
  }

  /** What the loop says of its instances; none where there is no process. */
  get instances(): readonly InstanceSnapshot[] {
    return this.#loop?.instances() ?? []
  }

  start(): void {
    this.startedAt = this.#now()
    const { owned, ownedRouting, heartbeat, routing } = this.kernel
    this.#loop = new ElectionLoop({
      now: () => this.localTime,
      wake: (at, callback) => {
        const wish = { at, callback }
        this.#wishes.add(wish)
        return () => void this.#wishes.delete(wish)
      },
      network: this.kernel,
      routing,
      owned,
      ownedRouting,
      heartbeat,
      log: this.#witness.log,
      notify: this.#witness.notice,
      wallClockMs: () => this.wallClockMs,
    })
    this.#configure()
  }

  /** As `kill -9` does: nothing is said, and the addresses stay. */
  kill(): void {
    this.#loop = undefined
    this.#wishes.clear()
  }

  stop(): void {
    this.#loop?.stop()
    this.kill()
  }

  reload(setup: Setup): void {
    this.setup = setup
    this.#configure()
  }

  /** The tracked script has run, or says otherwise than before. */
  track(up: boolean = this.scriptIsUp): void {
    this.scriptIsUp = up
    this.#loop?.tracked({ scripts: { [SCRIPT]: up }, files: {}, processes: {} })
  }

  /** Cables, addresses: the kernel tells that something is otherwise. */
  changed(): void {
    this.#loop?.changed()
  }

  /** Its clock goes on from a later time, as that of a virtual machine that was moved. */
  jump(ms: number): void {
    this.clock = { ...this.clock, offsetMs: this.clock.offsetMs + ms }
    this.wakeOrderedAt = Number.POSITIVE_INFINITY
  }

  receive(link: string, received: Received): void {
    this.#loop?.heard(link, ipFamily(received.source), received)
  }

  unreadable(link: string, drop: string): void {
    this.#loop?.unreadable(link, drop)
  }

  get wallClockMs(): number {
    return EPOCH_MS + this.#now() + this.wallClockOffMs
  }

  /** Whatever is due now. */
  wake(): void {
    for (const wish of [...this.#wishes]) {
      if (wish.at > this.localTime || !this.#wishes.delete(wish)) continue
      wish.callback()
    }
  }

  /** In true time. */
  get nextWakeAt(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { at } of this.#wishes) if (at < next) next = at
    return (next - this.clock.offsetMs) / this.clock.rate
  }

  get localTime(): Instant {
    // Later by a hair, so that a deadline computed from local to true time and back is not missed by 1e-12 ms.
    return instant(this.#now() * this.clock.rate + this.clock.offsetMs + 1e-6)
  }

  #configure(): void {
    const { instances, groups } = this.setup
    const global = {
      vrrpStartupDelayMs: 0,
      vrrpDelayAfterBootMs: 0,
      logUnknownRouterIds: false,
      defaultInterface: 'eth0',
    }
    const empty = { staticAddresses: [], staticRoutes: [], staticRules: [], garpGroups: [], interfaceDelays: [] }
    const configuration = { global, vrrpInstances: instances, vrrpSyncGroups: groups, ...empty }
    // The rest of a configuration is for other processes.
    this.#loop?.configure(configuration as unknown as Configuration)
    this.configuredAt = this.#now()
  }
}
