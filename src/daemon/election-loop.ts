/**
 * The VRRP instances of a whole configuration at work: packets, links and deadlines go into the pure elections of
 * `vrrp/`, and what comes out is carried out here. Nothing else runs in this process, and nothing here waits.
 *
 * The machine is handed in (`election-network.ts`), as are clock and log, so that the loop runs in virtual time as well.
 */
import { type Ip, type IpFamily, ipFamily, type Mac } from '../bytes/address.ts'
import { isKernelError } from '../kernel/errors.ts'
import type { Configuration, GarpGroup } from '../model/configuration.ts'
import { after, type Instant } from '../model/time.ts'
import type { VrrpInstance, VrrpSyncGroup } from '../model/vrrp-instance.ts'
import { Counters } from '../observe/counters.ts'
import type { InstanceSnapshot } from '../observe/snapshot.ts'
import { addressKey, type PlacedAddress } from '../reconcile/addresses.ts'
import { NO_VERDICTS, type Verdicts } from '../tracking/verdict.ts'
import { type Weighed, weigh } from '../tracking/weigh.ts'
import { accept } from '../vrrp/accept.ts'
import { encodeAdvertise } from '../vrrp/advertise.ts'
import { desiredAddresses } from '../vrrp/desired.ts'
import type { Advertise, Announce, Notify } from '../vrrp/effect.ts'
import {
  type Elections,
  type ElectionsStep,
  nextWake,
  openElections,
  reloadElections,
  stepElections,
} from '../vrrp/elections.ts'
import type { Event } from '../vrrp/event.ts'
import type { Notice } from '../vrrp/notice.ts'
import { effectivePriority } from '../vrrp/priority.ts'
import { type Received, routerIdOf } from '../vrrp/received.ts'
import { nextSequence } from '../vrrp/signature.ts'
import type { State } from '../vrrp/state.ts'
import { AddressKeeper } from './address-keeper.ts'
import { type Announcement, AnnouncementQueue } from './announcement-queue.ts'
import type { ElectionNetwork, InterfaceState } from './election-network.ts'
import type { Heartbeat } from './heartbeat.ts'
import { homeOf } from './home-of.ts'
import type { Note } from './note.ts'
import { placedAddresses } from './placed-addresses.ts'
import { reportInstance } from './report-instance.ts'
import { mayResume, resumeUntil } from './resume.ts'
import { RoutingKeeper, type RoutingKernel, type WantedRouting } from './routing-keeper.ts'
import { SteadyLinks } from './steady-links.ts'

export interface ElectionSurroundings {
  readonly now: () => Instant
  /** Calls back at the moment; the result takes the wish back. */
  readonly wake: (at: Instant, callback: () => void) => () => void
  readonly network: ElectionNetwork
  /** The keys of the addresses that we put on interfaces. */
  readonly owned: Note<readonly string[]>
  readonly routing: RoutingKernel
  /** The routes and rules that we put into the kernel. */
  readonly ownedRouting: Note<readonly string[]>
  readonly heartbeat: Heartbeat
  readonly log: (text: string, detail?: boolean) => void
  /** Whoever wants to know is told of a change of state. */
  readonly notify: (notice: Notice) => void
  readonly wallClockMs: (moment: Instant) => number
}

/** What the loop knows of an instance besides its state. */
interface Watched {
  readonly counters: Counters
  since: Instant
  linkUp: boolean
  address: Ip | undefined
  /** Strangers that speak for its addresses. */
  readonly claims: Map<Ip, Mac>
  /** The number by which it signed last. */
  signed: bigint
}

/** A peer that has just lost the election may still answer for the addresses for a moment. */
const CLAIM_GRACE_MS = 1000

const LINK_IS_DOWN: ReadonlySet<string> = new Set(['ENETDOWN', 'ENETUNREACH', 'ENODEV', 'ENXIO'])

export class ElectionLoop {
  readonly #world: ElectionSurroundings
  readonly #watched = new Map<string, Watched>()
  readonly #addresses: AddressKeeper
  readonly #routing: RoutingKeeper
  readonly #links: SteadyLinks
  readonly #announcements: AnnouncementQueue
  /** What no instance could judge, by reason. */
  readonly #strays = new Counters()
  readonly #reportedStrays = new Set<string>()
  /** Not started yet, each with what takes back its wake. */
  readonly #starting = new Map<string, () => void>()
  #elections: Elections = openElections([], [])
  #verdicts: Verdicts = NO_VERDICTS
  #garpGroups: readonly GarpGroup[] = []
  #logUnknownRouterIds = false
  /** Addresses, routes and rules that are there whoever is active. */
  #standing: StandingPart = NOTHING_STANDING
  #cancelWake: () => void = () => {}
  /** Undefined before the first configuration. */
  #startupDelayed: boolean | undefined
  #cancelStartup: () => void = () => {}

  constructor(world: ElectionSurroundings) {
    this.#world = world
    const { now, wake } = world
    this.#announcements = new AnnouncementQueue({ now, wake, send: one => this.#sendAnnouncement(one) })
    this.#addresses = new AddressKeeper(world)
    this.#routing = new RoutingKeeper({ kernel: world.routing, owned: world.ownedRouting, log: world.log })
    this.#links = new SteadyLinks({ now, wake, onChange: () => this.changed() })
  }

  /** Starts, or reloads: a router that stays the same goes on as it is. */
  configure(configuration: Configuration): void {
    const { global, vrrpInstances, vrrpSyncGroups } = configuration
    const now = this.#world.now()
    this.#standing = standingPart(configuration)
    this.#logUnknownRouterIds = global.logUnknownRouterIds
    this.#garpGroups = configuration.garpGroups
    this.#links.configure(configuration.interfaceDelays)
    this.#perform(reloadElections(this.#elections, vrrpInstances, vrrpSyncGroups, now))
    for (const name of [...this.#watched.keys()]) if (!this.#elections.instances.has(name)) this.#watched.delete(name)
    this.#world.network.listen(vrrpInstances)
    for (const name of [...this.#starting.keys()]) if (!this.#elections.instances.has(name)) this.#endWait(name)
    for (const instance of vrrpInstances) if (this.#state(instance.name)?.name === 'initialize') this.#await(instance)
    // Our clock began with the machine.
    this.#delayStartup(Math.max(global.vrrpStartupDelayMs, global.vrrpDelayAfterBootMs - now))
    this.#track()
    // Addresses of ours that nobody wants: left by a daemon before us, or by an instance that is gone.
    this.#reconcile()
    for (const warning of this.#squatted()) this.#world.log(`WARNING - ${warning}`)
    this.#awaitWake()
  }

  /** Says goodbye to the other routers and takes our addresses from the interfaces. */
  stop(): void {
    this.#cancelWake()
    this.#cancelStartup()
    for (const name of this.#elections.instances.keys()) this.#step(name, { type: 'stop' })
    this.#standing = NOTHING_STANDING
    for (const name of [...this.#starting.keys()]) this.#endWait(name)
    this.#reconcile()
    this.#cancelWake()
    this.#addresses.forget()
    this.#routing.forget()
    this.#links.close()
    this.#world.network.close()
  }

  heard(interfaceName: string, family: IpFamily, received: Received): void {
    const instance = this.#speaksFor(interfaceName, family, routerIdOf(received))
    if (instance === undefined) {
      this.#strays.add('unknown-router-id')
      this.#tellStranger(interfaceName, received)
      return
    }
    const { counters } = this.#watched.get(instance.name)!
    counters.add('received')
    const event = accept(instance, this.#state(instance.name)!, received, {
      rejectAddressMismatch: false,
      wallClockMs: this.#world.wallClockMs(this.#world.now()),
    })
    if (event.type === 'dropped') counters.add(event.drop)
    else if (event.priority === 0) counters.add('received-priority-zero')
    if (event.type === 'heard') for (const { label } of event.remarks) counters.add(label)
    this.#step(instance.name, event)
    this.#awaitWake()
  }

  /** Once for each, and not for ever more of them: a liar may make up all 255. */
  #tellStranger(interfaceName: string, received: Received): void {
    if (!this.#logUnknownRouterIds) return
    const text = `Unknown VRID(${routerIdOf(received)}) received on interface(${interfaceName}). ignoring...`
    if (this.#reportedStrays.has(text)) return
    this.#reportedStrays.add(text)
    this.#world.log(text)
  }

  unreadable(interfaceName: string, drop: string): void {
    this.#strays.add(drop)
    if (this.#reportedStrays.has(drop)) return
    this.#reportedStrays.add(drop)
    this.#world.log(
      `dropped a packet on ${interfaceName} that is no VRRP advertisement (${drop}); further ones are counted`,
    )
  }

  /** Interfaces or addresses changed: what the instances know of them is brought up to date, and our addresses put back. */
  changed(): void {
    this.#world.network.listen([...this.#elections.instances.values()])
    for (const [name, watched] of this.#watched) {
      const instance = this.#elections.instances.get(name)!
      const { linkUp, address } = this.#look(instance)
      if (linkUp !== watched.linkUp) {
        watched.linkUp = linkUp
        this.#world.log(`Netlink reports ${instance.interface} ${linkUp ? 'up' : 'down'}`, true)
        this.#step(name, { type: 'link', up: linkUp })
      }
      if (address !== watched.address) {
        watched.address = address
        this.#step(name, { type: 'address', address })
      }
    }
    this.#track()
    this.#reconcile()
    this.#awaitWake()
  }

  /** What is known of scripts, files, processes or BFD sessions has changed. */
  tracked(verdicts: Partial<Verdicts>): void {
    const before = this.#verdicts
    this.#verdicts = { ...before, ...verdicts }
    this.#sayDetected(before.bfd)
    // Before the first configuration nothing is known of the addresses that a predecessor may have left.
    if (this.#startupDelayed === undefined) return
    this.#track()
    this.#reconcile()
    this.#awaitWake()
  }

  #sayDetected(before: Verdicts['bfd']): void {
    for (const { name, track } of this.#elections.instances.values())
      for (const { name: session } of [...track.bfd, ...(this.#groupOf(name)?.track.bfd ?? [])]) {
        const up = this.#verdicts.bfd[session]
        if (up === undefined || up === (before[session] ?? false)) continue
        this.#world.log(`VRRP_Instance(${name}) Tracked BFD instance ${session} is ${up ? 'UP' : 'DOWN'}`)
      }
  }

  /** Somebody on the segment speaks for an address with a hardware address that is not ours. */
  claimed(interfaceName: string, address: Ip, mac: Mac): void {
    for (const [name, watched] of this.#watched) {
      const instance = this.#elections.instances.get(name)!
      const state = this.#state(name)!
      if (state.name !== 'active' || this.#world.now() < after(watched.since, CLAIM_GRACE_MS)) continue
      const ours = this.#placed(instance, state)
      if (!ours.some(one => one.address === address && one.interface === interfaceName)) continue
      watched.counters.add('claimed-address')
      if (watched.claims.get(address) === mac) continue
      watched.claims.set(address, mac)
      this.#world.log(
        `(${name}) WARNING - ${address} is ours, but ${mac} on ${interfaceName} claims it too: two machines answer for it. Find the machine with that hardware address and take ${address} off it`,
      )
    }
  }

  /** Each instance as it is now. */
  instances(): readonly InstanceSnapshot[] {
    const held = new Set(this.#world.network.held().map(addressKey))
    return [...this.#watched].map(([name, watched]) => {
      const { claims, counters } = watched
      const seen = { sinceMs: this.#world.wallClockMs(watched.since), held, claims, counts: counters.counts() }
      return reportInstance(this.#elections.instances.get(name)!, this.#state(name)!, seen)
    })
  }

  report(): { readonly vrrp: readonly InstanceSnapshot[]; readonly alarms: readonly string[] } {
    const vrrp = this.instances()
    const claims = vrrp.flatMap(({ addresses }) =>
      addresses.flatMap(({ address, interface: where, claimedBy }) =>
        claimedBy === undefined ? [] : [`${claimedBy} on ${where} claims ${address}, which is ours`],
      ),
    )
    return { vrrp, alarms: [...claims, ...this.#squatted(), ...this.#addresses.failures, ...this.#routing.failures] }
  }

  /** Addresses of instances that are not active, which somebody else put on our interfaces: two machines have them. */
  #squatted(): readonly string[] {
    const passive = [...this.#watched.keys()].filter(name => this.#state(name)?.name !== 'active')
    const foreign = this.#addresses.foreign()
    return passive
      .flatMap(name => this.#allPlaced(name).map(address => ({ name, ...address })))
      .filter(address => foreign.has(addressKey(address)))
      .map(({ name, address, prefix, interface: where }) => {
        const remedy = `remove it with "ip address del ${address}/${prefix} dev ${where}"`
        return `${address} is on ${where} though ${name} is not active; somebody else put it there: ${remedy}`
      })
  }

  /**
   * It starts when its trackers are known. What a predecessor left stays as it is until then, but no longer than another
   * router needs to take over.
   */
  #await(instance: VrrpInstance): void {
    this.#endWait(instance.name)
    this.#watch(instance)
    const until = this.#mayResumeUntil(instance)
    const cancel = until === undefined ? () => {} : this.#world.wake(until, () => this.#reconcile())
    this.#starting.set(instance.name, cancel)
  }

  #endWait(name: string): void {
    this.#starting.get(name)?.()
    this.#starting.delete(name)
  }

  /** When its addresses are no longer its own; undefined if that has passed, or it was not active. */
  #mayResumeUntil(instance: VrrpInstance): Instant | undefined {
    const lastBeat = this.#world.heartbeat.last(instance.name)
    if (lastBeat === undefined || !mayResume(instance, lastBeat, this.#world.now())) return undefined
    return resumeUntil(instance, lastBeat)
  }

  #watch(instance: VrrpInstance): Watched {
    const looked = this.#look(instance)
    const watched = { counters: new Counters(), since: this.#world.now(), ...looked, claims: new Map(), signed: 0n }
    this.#watched.set(instance.name, watched)
    return watched
  }

  #start(instance: VrrpInstance): void {
    const { name } = instance
    const now = this.#world.now()
    const { linkUp, address } = this.#watch(instance)
    const lastBeat = this.#world.heartbeat.last(name)
    const resume = lastBeat !== undefined && mayResume(instance, lastBeat, now)
    if (resume) {
      const silenceMs = Math.round(now - lastBeat)
      this.#world.log(
        `(${name}) was active ${silenceMs} ms ago, sooner than another router can have taken over: goes on`,
      )
    } else this.#world.heartbeat.cease(name)
    this.#endWait(name)
    this.#applyWeights(instance, this.#weigh(instance))
    this.#step(name, { type: 'start', linkUp, address, resume })
  }

  /** The trackers are weighed anew; an instance that waited for them starts when it can be told whether it is in order. */
  #track(): void {
    for (const instance of this.#elections.instances.values()) {
      const weighed = this.#weigh(instance)
      if (!this.#starting.has(instance.name)) this.#applyWeights(instance, weighed)
      else if (weighed.decided && !this.#startupDelayed) this.#start(instance)
    }
  }

  #weigh(instance: VrrpInstance): Weighed {
    const isUp = (name: string) => this.#isUp(name)
    const weighed = weigh(instance, this.#groupOf(instance.name), this.#verdicts, isUp)
    const { sourceAddress, trackSourceAddress } = instance
    if (!trackSourceAddress || this.#world.network.held().some(({ address }) => address === sourceAddress))
      return weighed
    return { ...weighed, faults: [...weighed.faults, 'src address not configured'] }
  }

  #applyWeights(instance: VrrpInstance, { faults, adjustment }: Weighed): void {
    const { name } = instance
    const before = this.#state(name)!.failedTrackers
    for (const cause of faults) if (!before.includes(cause)) this.#step(name, { type: 'track', cause, failed: true })
    for (const cause of before) if (!faults.includes(cause)) this.#step(name, { type: 'track', cause, failed: false })
    const priority = effectivePriority(instance, [adjustment])
    if (priority !== this.#state(name)!.priority) this.#step(name, { type: 'priority', priority })
  }

  /** Once, when the daemon starts: what else starts on this machine gets time to settle. */
  #delayStartup(delayMs: number): void {
    if (this.#startupDelayed !== undefined) return
    this.#startupDelayed = delayMs > 0
    if (delayMs <= 0) return
    this.#world.log(`Delaying startup for ${Math.round(delayMs) / 1000} seconds`)
    this.#cancelStartup = this.#world.wake(after(this.#world.now(), delayMs), () => {
      this.#startupDelayed = false
      this.#track()
      this.#reconcile()
      this.#awaitWake()
    })
  }

  #groupOf(name: string): VrrpSyncGroup | undefined {
    return this.#elections.groups.find(({ instances }) => instances.includes(name))
  }

  #notify(instance: VrrpInstance, { about, name, state, priority }: Notify): void {
    const group = about === 'GROUP' ? this.#elections.groups.find(one => one.name === name) : undefined
    const notify = group?.notify ?? instance.notify
    this.#world.notify({ about, name, state, priority, notify })
  }

  #step(name: string, event: Event): void {
    this.#perform(stepElections(this.#elections, name, event, this.#world.now()))
  }

  #perform({ elections, effects }: ElectionsStep): void {
    const before = this.#elections
    this.#elections = elections
    for (const { instance, effect } of effects) {
      switch (effect.type) {
        case 'advertise':
          this.#advertise(instance, effect)
          break
        case 'apply':
          this.#reconcile()
          break
        case 'announce':
          this.#announce(instance, effect)
          break
        case 'log':
          this.#world.log(effect.text, effect.detail)
          break
        case 'notify':
          this.#notify(instance, effect)
      }
    }
    for (const [name, watched] of this.#watched) {
      const state = elections.states.get(name)?.name
      if (state === before.states.get(name)?.name) continue
      watched.since = this.#world.now()
      watched.claims.clear()
      if (state === 'active') watched.counters.add('became-active')
      if (before.states.get(name)?.name !== 'active') continue
      watched.counters.add('released')
      this.#world.heartbeat.cease(name)
      this.#announcements.drop(name)
    }
  }

  #advertise(instance: VrrpInstance, effect: Advertise): void {
    const watched = this.#watched.get(instance.name)
    const counters = watched?.counters
    for (const packet of encodeAdvertise(instance, effect, this.#nextSequence(instance, watched))) {
      this.#attempt(`send an advertisement of ${instance.name}`, counters, () => {
        this.#world.network.send(instance, effect.source, packet)
        counters?.add(effect.priority === 0 ? 'sent-priority-zero' : 'sent')
      })
    }
    if (effect.priority > 0) this.#world.heartbeat.beat(instance.name, this.#world.now())
  }

  #nextSequence({ signature }: VrrpInstance, watched: Watched | undefined): bigint {
    if (signature === undefined) return 0n
    const sequence = nextSequence(signature, watched?.signed ?? 0n, this.#world.wallClockMs(this.#world.now()))
    if (watched !== undefined) watched.signed = sequence
    return sequence
  }

  #announce(instance: VrrpInstance, { addresses, repeat }: Announce): void {
    const { arpIntervalMs, naIntervalMs } = instance.garp
    const announcements = addresses.map(({ address, interface: name = homeOf(instance) }) => {
      const ipv4 = ipFamily(address) === 4
      const what = ipv4 ? 'gratuitous ARPs' : 'Unsolicited Neighbour Adverts'
      this.#world.log(`(${instance.name}) Sending/queueing ${what} on ${name} for ${address}`, true)
      const group = this.#garpGroups.find(({ interfaces }) => interfaces.includes(name))
      const pace = group ?? { arpIntervalMs, naIntervalMs }
      const pauseMs = ipv4 ? pace.arpIntervalMs : pace.naIntervalMs
      // Interfaces of one group share a switch, and so a queue.
      const queue = group === undefined ? name : group.interfaces.join(' ')
      return { instance: instance.name, interface: name, queue, address, pauseMs }
    })
    for (let round = 0; round < repeat; round++) this.#announcements.push(announcements)
  }

  #sendAnnouncement({ instance, interface: name, address }: Announcement): void {
    const counters = this.#watched.get(instance)?.counters
    const what = ipFamily(address) === 4 ? 'gratuitous ARP' : 'unsolicited Neighbour Advert'
    this.#world.log(`Sending ${what} on ${name} for ${address}`, true)
    this.#attempt(`announce ${address} on ${name}`, counters, () => {
      this.#world.network.announce(name, address)
      counters?.add('announced')
    })
  }

  /** What the link refuses now is no reason to stop: a link that is down is told by the monitor, the rest is counted. */
  #attempt(what: string, counters: Counters | undefined, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isKernelError(error)) throw error
      const { code, message } = error
      counters?.add(`send-${code}`)
      if (!LINK_IS_DOWN.has(code)) this.#world.log(`cannot ${what}: ${message}`)
    }
  }

  /** The interfaces are made to hold the addresses of the active instances. */
  #reconcile(): void {
    const desired = [...this.#elections.instances.values()].flatMap(instance =>
      this.#placed(instance, this.#state(instance.name)!),
    )
    const holders = [...this.#elections.instances.values()]
    const active = holders.filter(({ name }) => this.#state(name)!.name === 'active')
    const undecided = holders.filter(one => this.#starting.has(one.name) && this.#mayResumeUntil(one) !== undefined)
    const undecidedAddresses = undecided.flatMap(({ name }) => this.#allPlaced(name))
    this.#addresses.keep([...this.#standing.addresses, ...desired], undecidedAddresses)
    this.#routing.keep(routingOf([this.#standing, ...active]), routingOf(undecided))
  }

  #awaitWake(): void {
    this.#cancelWake()
    const next = nextWake(this.#elections)
    if (next === undefined) return
    this.#cancelWake = this.#world.wake(next.at, () => {
      for (let due = nextWake(this.#elections); due !== undefined && due.at <= this.#world.now(); ) {
        this.#step(due.instance, { type: 'wake' })
        due = nextWake(this.#elections)
      }
      this.#awaitWake()
    })
  }

  #state(name: string): State | undefined {
    return this.#elections.states.get(name)
  }

  #speaksFor(interfaceName: string, family: IpFamily, routerId: number | undefined): VrrpInstance | undefined {
    for (const instance of this.#elections.instances.values())
      if (instance.routerId === routerId && instance.interface === interfaceName && instance.family === family)
        return instance
    return undefined
  }

  #look(instance: VrrpInstance): { readonly linkUp: boolean; readonly address: Ip | undefined } {
    const state = this.#world.network.look(instance.interface)
    if (state === undefined) return { linkUp: false, address: undefined }
    return { linkUp: this.#isUp(instance.interface, state), address: this.#firstAddress(instance, state) }
  }

  /** As the interface has been for as long as the configuration wants it to be. */
  #isUp(name: string, state: InterfaceState | undefined = this.#world.network.look(name)): boolean {
    return this.#links.settle(name, state?.up === true)
  }

  /** Advertisements come from the interface's own address (for IPv6 its link-local one), never from a virtual one. */
  #firstAddress(instance: VrrpInstance, state: InterfaceState): Ip | undefined {
    const virtual = new Set<Ip>()
    for (const { addresses, excludedAddresses } of this.#elections.instances.values())
      for (const { address } of [...addresses, ...excludedAddresses]) virtual.add(address)
    const own = state.addresses.find(
      ({ address, linkLocal }) =>
        address.includes(':') === (instance.family === 6) &&
        linkLocal === (instance.family === 6) &&
        !virtual.has(address),
    )
    return own?.address
  }

  #allPlaced(name: string): readonly PlacedAddress[] {
    return placedAddresses(this.#elections.instances.get(name)!)
  }

  #placed(instance: VrrpInstance, state: State): readonly PlacedAddress[] {
    return placedAddresses(instance, desiredAddresses(instance, state))
  }
}

type StandingPart = WantedRouting & { readonly addresses: readonly PlacedAddress[] }

const NOTHING_STANDING: StandingPart = { addresses: [], routes: [], rules: [] }

function standingPart({ global, staticAddresses, staticRoutes, staticRules }: Configuration): StandingPart {
  const placed = staticAddresses.map(one => ({ ...one, interface: one.interface ?? global.defaultInterface }))
  return { addresses: placed, routes: staticRoutes, rules: staticRules }
}

function routingOf(holders: readonly WantedRouting[]): WantedRouting {
  return { routes: holders.flatMap(({ routes }) => routes), rules: holders.flatMap(({ rules }) => rules) }
}
