/**
 * The health checks of a whole configuration at work, and the table of virtual services kept in step with them.
 *
 * Everything that happens is a step of one of the pure machines of `health/`; this loop holds their states, carries their
 * effects out and reconciles the table. Its surroundings (clock, channels, table, files, scripts, log) are handed in, so
 * that it runs in virtual time as well.
 */
import { type Ip, parseIp } from '../bytes/address.ts'
import type { Channel } from '../health/channel.ts'
import type { ProbeEvent } from '../health/conversation.ts'
import { type DesiredService, desiredService } from '../health/desired.ts'
import { quorumLetter, serverLetter } from '../health/letter.ts'
import { realServerName, subjectOf, virtualServerName } from '../health/names.ts'
import { bfdOpinion, checkerOpinion, fileOpinion } from '../health/opinion.ts'
import {
  neededWeight,
  type Opinion,
  type PoolEffect,
  type PoolEvent,
  type PoolState,
  startPool,
  stepPool,
  upWeight,
} from '../health/pool.ts'
import { nextRampAt } from '../health/slow-start.ts'
import { unsupported } from '../health/unsupported.ts'
import { bfdMailText } from '../health/verdict-text.ts'
import type { Configuration } from '../model/configuration.ts'
import type { GlobalDefinitions } from '../model/global.ts'
import type { Script, TrackedFile } from '../model/script.ts'
import { serviceKeyText } from '../model/service.ts'
import { after, earliest, type Instant, instant } from '../model/time.ts'
import type { FollowingChecker, RealServer, VirtualServer } from '../model/virtual-server.ts'
import type { ListedService, ServiceTable } from '../model/virtual-service.ts'
import type { RealServerSnapshot, VirtualServerSnapshot } from '../observe/snapshot.ts'
import { applyServices, operationText } from '../reconcile/apply.ts'
import { destinationKey, planServices } from '../reconcile/services.ts'
import { type Check, CheckBook } from './check-book.ts'
import type { Note } from './note.ts'
import type { ChannelRules } from './open-channel.ts'
import type { OpenChannel } from './opened-channel.ts'
import type { Outlets } from './outlets.ts'
import { declaredNames, listedNames, type OwnedNames, ownedServices, unionOfNames } from './owned-names.ts'
import { Post } from './post.ts'
import { TrackedValues } from './tracked-values.ts'

export interface Surroundings {
  readonly now: () => Instant
  /** In [0, 1). */
  readonly random: () => number
  /** Calls back at the moment; the result takes the wish back. */
  readonly wake: (at: Instant, callback: () => void) => () => void
  /** Runs after what is going on now is done, once for many wishes. */
  readonly soon: (callback: () => void) => void
  /** Opens a channel and reports what comes through it, never before it has returned. */
  readonly open: (channel: Channel, rules: ChannelRules, report: (event: ProbeEvent) => void) => OpenChannel
  /** Whether the address is on this machine; who knows of a change says `addressesChanged`. */
  readonly holds: (address: Ip) => boolean
  /** Reads the number in a file, calls back when it is another, and ends when the result is called. */
  readonly follow: (
    file: TrackedFile,
    onValue: (value: number) => void,
  ) => { readonly value: number; readonly close: () => void }
  readonly outlets: Outlets
  readonly table: ServiceTable
  readonly owned: Note<OwnedNames>
  /** Endpoints that an operator drains; they stay drained through reloads and crashes. */
  readonly drained: Note<readonly string[]>
  readonly log: (text: string) => void
  readonly wallClockMs: (moment: Instant) => number
}

interface Service {
  readonly virtualServer: VirtualServer
  readonly name: string
  /** Per real server, its checks. */
  readonly checks: readonly (readonly Check[])[]
  pool: PoolState
  /** Per real server: since when it is up or down, and how often it changed. */
  readonly histories: History[]
  suspended: boolean
  /** What the last plan brought about. */
  applied: DesiredService | undefined
  /** Takes back the wish to be woken when the weight of one of its servers grows. */
  cancelRamp: () => void
}

interface History {
  readonly since: Instant
  readonly transitions: number
}

/** A plan looks at every server of a service: with thousands of them it is not made for each. */
const RECONCILE_GAP_MS = 50

export class Checkers {
  readonly #world: Surroundings
  readonly #book: CheckBook
  readonly #post: Post
  #sessions: Readonly<Record<string, boolean>> = {}
  readonly #files: TrackedValues
  #services: readonly Service[] = []
  #global: GlobalDefinitions | undefined
  #rules: ChannelRules = { ssl: undefined, scripts: { scriptUser: undefined, scriptSecurity: false } }
  #drained: ReadonlySet<string>
  readonly #stale = new Set<Service>()
  #reconcileComes = false
  #reconciledAt: Instant = instant(Number.NEGATIVE_INFINITY)

  constructor(world: Surroundings) {
    this.#world = world
    const { now, random, wake, log } = world
    const open = (channel: Channel, report: (event: ProbeEvent) => void) => world.open(channel, this.#rules, report)
    this.#book = new CheckBook({ now, random, wake, log, open })
    this.#post = new Post({ now, wake, mail: letter => world.outlets.mail(letter) })
    this.#files = new TrackedValues(world.follow)
    this.#drained = new Set(world.drained.read())
  }

  /** Starts, or reloads: checks that ask what they asked before keep their answers. */
  configure(configuration: Configuration): void {
    const first = this.#global === undefined
    const { global, ssl, virtualServers, vrrpInstances } = configuration
    this.#global = global
    this.#rules = { ssl, scripts: global }
    this.#world.outlets.configure(global, vrrpInstances.length === 0)
    const before = this.#services
    const ownedBefore = this.#world.owned.read() ?? {}
    this.#files.configure(configuration.trackFiles, name => this.#fileChanged(name))
    this.#book.turn()
    for (const service of before) service.cancelRamp()
    const opened = virtualServers.map(virtualServer => {
      const name = serviceKeyText(virtualServer.service)
      const old = before.find(service => service.name === name)
      return this.#openService(virtualServer, old, old === undefined && Object.hasOwn(ownedBefore, name))
    })
    this.#services = opened.map(([service]) => service)
    this.#book.arrange()

    const declared = declaredNames(virtualServers)
    this.#world.owned.write(unionOfNames(ownedBefore, declared))
    if (global.lvsTimeouts !== undefined) this.#world.table.setTimeouts(global.lvsTimeouts)
    const held = this.#world.table.services()
    // lvs_flush: what anybody left behind is ours to remove, but what stays keeps its connections.
    const found = first && global.lvsFlush ? listedNames(held) : {}
    this.#apply(this.#services, held, unionOfNames(unionOfNames(ownedBefore, found), declared))
    this.#world.owned.write(declared)
    // When the table has what they tell of.
    for (const [service, effects] of opened) for (const effect of effects) this.#perform(service, effect)
    if (first && global.notifyInitialRealServers) for (const service of this.#services) this.#notifyInitial(service)
  }

  /** Ends all checks and takes out of the table what is ours. With `omega`, stopping counts as failing. */
  stop(): void {
    this.#book.turn()
    this.#files.close()
    for (const service of this.#services) {
      const { virtualServer } = service
      for (const server of virtualServer.realServers)
        this.#world.log(
          `Shutting down service ${realServerName(virtualServer.service, server)} from VS ${virtualServerName(virtualServer.service)}`,
        )
      if (virtualServer.omega) this.#notifyOmega(service)
      service.cancelRamp()
    }
    this.#services = []
    const held = this.#world.table.services()
    this.#apply([], held, this.#global?.lvsFlushOnStop ? listedNames(held) : (this.#world.owned.read() ?? {}))
    this.#world.owned.remove()
    this.#world.drained.remove()
    this.#post.close()
    this.#world.outlets.close()
  }

  /** An address came to this machine or left it: services that rest without theirs go on, or rest. */
  addressesChanged(): void {
    for (const service of this.#services) {
      const suspended = this.#shouldRest(service.virtualServer)
      if (suspended === service.suspended) continue
      service.suspended = suspended
      this.#sayEach(service, suspended ? 'Suspending' : 'Activating')
    }
    this.#book.arrange()
  }

  /**
   * Takes a real server out of service, or back, in all services that have it: `ADDRESS` or `ADDRESS:PORT`. It keeps its
   * connections and gets no new ones. Returns the endpoints that were meant.
   */
  drain(server: string, drained: boolean): readonly string[] {
    const meant = new Set<string>()
    for (const service of this.#services)
      for (const [i, one] of service.virtualServer.realServers.entries()) {
        const endpoint = destinationKey(one)
        if (endpoint !== server && one.address !== (parseIp(server) ?? server)) continue
        meant.add(endpoint)
        this.#stepPool(service, { type: 'drain', server: i, drained })
      }
    const rest = [...this.#drained].filter(endpoint => !meant.has(endpoint))
    this.#drained = new Set(drained ? [...rest, ...meant] : rest)
    this.#world.drained.write([...this.#drained])
    return [...meant]
  }

  report(): readonly VirtualServerSnapshot[] {
    return this.#services.map(service => this.#reportService(service))
  }

  /** How many probes are made; servers of several services may share one. */
  get probes(): number {
    return this.#book.size
  }

  #reportService(service: Service): VirtualServerSnapshot {
    const { virtualServer, pool, name, suspended } = service
    const { sorryServer } = virtualServer
    const weights = new Map(this.#desired(service).destinations.map(one => [destinationKey(one), one.weight]))
    return {
      service: name,
      quorum: pool.quorum,
      upWeight: upWeight(pool.servers),
      neededWeight: neededWeight(virtualServer, pool),
      sorryServer: sorryServer && {
        address: sorryServer.address,
        port: sorryServer.port,
        serving: !pool.quorum,
      },
      suspended,
      realServers: virtualServer.realServers.map((server, i) =>
        this.#reportServer(service, server, i, weights.get(destinationKey(server))),
      ),
    }
  }

  /** `weight`: as the table has it; undefined if it has not. */
  #reportServer(service: Service, server: RealServer, index: number, weight: number | undefined): RealServerSnapshot {
    const { up, weight: fullWeight, drained } = service.pool.servers[index]!
    const { since, transitions } = service.histories[index]!
    const followed = server.following.map(checker => {
      const opinion = this.#followingOpinion(checker)
      const lastError = opinion.up ? undefined : this.#followedText(checker)
      return {
        type: checker.type,
        up: opinion.up,
        proved: true,
        sinceMs: this.#world.wallClockMs(since),
        lastError,
        latencyMs: undefined,
        sharedBy: 1,
      }
    })
    return {
      address: server.address,
      port: server.port,
      weight: up && weight !== undefined ? weight : fullWeight,
      fullWeight,
      serving: (weight ?? 0) > 0,
      up,
      drained,
      sinceMs: this.#world.wallClockMs(since),
      transitions,
      heldLetters: this.#post.held(letterKey(service, server)),
      checkers: [
        ...service.checks[index]!.map(({ subject, state, watchers }) => ({
          type: subject.checker.type,
          up: state.up,
          proved: state.proved,
          sinceMs: this.#world.wallClockMs(state.changedAt),
          lastError: state.lastError,
          latencyMs: state.latencyMs,
          sharedBy: watchers.length,
        })),
        ...followed,
      ],
    }
  }

  /**
   * `adopted`: a daemon before us left this service behind. Which of its servers were up then shows in the table, and
   * is believed until a probe says otherwise: a crash brings no dead server back.
   */
  #openService(
    virtualServer: VirtualServer,
    old: Service | undefined,
    adopted: boolean,
  ): readonly [Service, readonly PoolEffect[]] {
    const held = adopted ? this.#world.table.service(virtualServer.service) : undefined
    const drained = virtualServer.realServers.map(server => this.#drained.has(destinationKey(server)))
    const checks = virtualServer.realServers.map((server, i) => {
      const up = held === undefined ? undefined : serving(held, server, drained[i]!)
      return server.checkers
        .filter(checker => unsupported(checker) === undefined)
        .map(checker => this.#book.open(subjectOf(virtualServer, server, checker), up))
    })
    const opinions = virtualServer.realServers.map((server, i) => [
      ...checks[i]!.map(({ subject, state }) => checkerOpinion(subject.checker, state, server)),
      ...server.following.map(checker => this.#followingOpinion(checker)),
    ])
    const opening = startPool(virtualServer, opinions, drained, old?.pool.quorum)
    const service: Service = {
      virtualServer,
      name: serviceKeyText(virtualServer.service),
      checks,
      pool: opening.state,
      histories: virtualServer.realServers.map(server => this.#history(server, old)),
      suspended: this.#shouldRest(virtualServer),
      applied: old?.applied,
      cancelRamp: () => {},
    }
    for (const [i, own] of checks.entries())
      for (const [j, check] of own.entries())
        check.watchers.push({ verdict: one => this.#judge(service, i, j, one), awake: () => !service.suspended })
    this.#sayUnsupported(service)
    for (const effect of opening.effects) if (effect.type === 'log') this.#perform(service, effect)
    this.#sayEach(service, service.suspended ? 'Suspending' : 'Activating')
    return [service, opening.effects.filter(({ type }) => type !== 'log')]
  }

  #history(server: RealServer, old: Service | undefined): History {
    const before = old?.virtualServer.realServers.findIndex(other => destinationKey(other) === destinationKey(server))
    return old?.histories[before ?? -1] ?? { since: this.#world.now(), transitions: 0 }
  }

  /** A mark is on no machine: it never rests. */
  #shouldRest({ suspendWithoutAddress, service }: VirtualServer): boolean {
    return suspendWithoutAddress && service.kind === 'address' && !this.#world.holds(service.address)
  }

  #sayUnsupported({ virtualServer }: Service): void {
    const { service, realServers } = virtualServer
    for (const server of realServers)
      for (const checker of server.checkers) {
        const why = unsupported(checker)
        if (why === undefined) continue
        const name = `${realServerName(service, server)} for VS ${virtualServerName(service)}`
        this.#world.log(`${checker.type} of service ${name} is not run, so it never fails: ${why}`)
      }
  }

  /** Of checks that went on through a reload nothing is said. */
  #sayEach({ virtualServer, checks }: Service, verb: 'Suspending' | 'Activating'): void {
    const { service, realServers } = virtualServer
    for (const [i, server] of realServers.entries())
      for (const { state } of checks[i]!)
        if (verb === 'Suspending' || !state.proved)
          this.#world.log(
            `${verb} healthchecker for service ${realServerName(service, server)} for VS ${virtualServerName(service)}`,
          )
  }

  #judge(service: Service, index: number, checker: number, { subject, state }: Check): void {
    const server = service.virtualServer.realServers[index]!
    const opinion = checkerOpinion(subject.checker, state, server)
    const before = service.pool.servers[index]!.up
    this.#stepPool(service, { type: 'opinion', server: index, checker, opinion })
    const { up } = service.pool.servers[index]!
    if (state.mail !== undefined && (up !== before || !this.#global?.noCheckerEmails))
      this.#mailAbout(service, server, up, state.mail)
  }

  #fileChanged(name: string): void {
    for (const service of this.#services)
      for (const [server, { following }] of service.virtualServer.realServers.entries())
        for (const [i, checker] of following.entries())
          if (checker.type === 'FILE_CHECK' && checker.trackFile === name)
            this.#followAgain(service, server, i, checker)
  }

  #followAgain(service: Service, server: number, index: number, checker: FollowingChecker): void {
    const position = service.checks[server]!.length + index
    const opinion = this.#followingOpinion(checker)
    const turned = service.pool.servers[server]!.opinions[position]!.up !== opinion.up
    if (turned && checker.type === 'FILE_CHECK') {
      const { service: key, realServers } = service.virtualServer
      const name = realServerName(key, realServers[server]!)
      this.#world.log(`(${name}): tracked file ${checker.trackFile} ${opinion.up ? 'leaving' : 'now'} FAULT state`)
    }
    this.#stepPool(service, { type: 'opinion', server, checker: position, opinion })
  }

  /** The BFD sessions as they are now: servers that follow one that has changed go down or come up. */
  detected(sessions: Readonly<Record<string, boolean>>): void {
    const before = this.#sessions
    this.#sessions = sessions
    for (const service of this.#services)
      for (const [index, server] of service.virtualServer.realServers.entries())
        for (const [i, checker] of server.following.entries()) {
          if (checker.type !== 'BFD_CHECK' || before[checker.name] === sessions[checker.name]) continue
          const { up: wasUp } = service.pool.servers[index]!
          const { up } = this.#followingOpinion(checker)
          const turned = service.pool.servers[index]!.opinions[service.checks[index]!.length + i]!.up !== up
          const name = realServerName(service.virtualServer.service, server)
          this.#world.log(`BFD check of [${checker.name}] RS(${name}) is ${up ? 'UP' : 'DOWN'}`)
          this.#followAgain(service, index, i, checker)
          const changed = service.pool.servers[index]!.up !== wasUp
          if (turned && (changed || !this.#global?.noCheckerEmails))
            this.#mailAbout(service, server, service.pool.servers[index]!.up, bfdMailText(checker.name, up))
        }
  }

  #followingOpinion(checker: FollowingChecker): Opinion {
    if (checker.type === 'BFD_CHECK') return bfdOpinion(checker, this.#sessions[checker.name])
    return fileOpinion(checker, this.#files.value(checker.trackFile))
  }

  /** Why a server that follows something is down. */
  #followedText(checker: FollowingChecker): string {
    return checker.type === 'BFD_CHECK'
      ? `the BFD session ${checker.name} is down`
      : `${checker.trackFile} is ${this.#files.value(checker.trackFile)}`
  }

  #stepPool(service: Service, event: PoolEvent): void {
    const step = stepPool(service.virtualServer, service.pool, event)
    service.pool = step.state
    for (const effect of step.effects) this.#perform(service, effect)
    if (step.effects.length > 0) this.#reconcileSoon(service)
  }

  #perform(service: Service, effect: PoolEffect): void {
    switch (effect.type) {
      case 'log':
        this.#world.log(effect.text)
        return
      case 'server': {
        const { transitions } = service.histories[effect.server]!
        service.histories[effect.server] = { since: this.#world.now(), transitions: transitions + 1 }
        this.#notifyServer(service, effect.server, effect.up)
        return
      }
      case 'quorum':
        this.#notifyQuorum(service, effect.up)
        this.#mailQuorum(service, effect.up, effect.mail)
        return
      case 'weight':
        return
    }
  }

  #notifyServer({ virtualServer }: Service, index: number, up: boolean): void {
    const server = virtualServer.realServers[index]!
    this.#run(up ? server.notifyUp : server.notifyDown)
    const names = `${realServerName(virtualServer.service, server)} ${virtualServerName(virtualServer.service)}`
    this.#world.outlets.line(`RS ${names} ${up ? 'UP' : 'DOWN'}`)
  }

  #notifyQuorum({ virtualServer }: Service, up: boolean): void {
    this.#run(up ? virtualServer.quorumUp : virtualServer.quorumDown)
    this.#world.outlets.line(`VS ${virtualServerName(virtualServer.service)} ${up ? 'UP' : 'DOWN'}`)
  }

  #notifyInitial(service: Service): void {
    for (const [i, { up }] of service.pool.servers.entries()) this.#notifyServer(service, i, up)
  }

  /** Scripts alone: as with keepalived, the pipe is closed by then. */
  #notifyOmega({ virtualServer, pool }: Service): void {
    for (const [i, { up }] of pool.servers.entries()) if (up) this.#run(virtualServer.realServers[i]?.notifyDown)
    if (pool.quorum) this.#run(virtualServer.quorumDown)
  }

  #run(script: Script | undefined): void {
    if (script !== undefined) this.#world.outlets.run(script)
  }

  #mailAbout(service: Service, server: RealServer, up: boolean, text: string): void {
    if (!server.smtpAlert) return
    const { service: key } = service.virtualServer
    const [rival, name] = [realServerName(key, server), virtualServerName(key)]
    const letter = serverLetter(this.#routerId(), rival, name, up, text)
    this.#post.offer(letterKey(service, server), letter)
  }

  #mailQuorum({ virtualServer, name }: Service, up: boolean, text: string): void {
    if (!virtualServer.smtpAlert) return
    this.#post.offer(name, quorumLetter(this.#routerId(), virtualServerName(virtualServer.service), up, text))
  }

  #routerId(): string {
    return this.#global?.routerId ?? ''
  }

  /** Many servers may fail in one breath, or in a row: the table is edited once for all of them, and soon again. */
  #reconcileSoon(service: Service): void {
    this.#stale.add(service)
    if (this.#reconcileComes) return
    this.#reconcileComes = true
    const next = after(this.#reconciledAt, RECONCILE_GAP_MS)
    const begin = (callback: () => void) =>
      next <= this.#world.now() ? this.#world.soon(callback) : void this.#world.wake(next, callback)
    begin(() => {
      this.#reconcileComes = false
      this.#reconciledAt = this.#world.now()
      const stale = this.#services.filter(one => this.#stale.has(one))
      this.#stale.clear()
      const held = stale.flatMap(({ virtualServer }) => this.#world.table.service(virtualServer.service) ?? [])
      this.#apply(stale, held, declaredNames(stale.map(service => service.virtualServer)))
    })
  }

  #apply(services: readonly Service[], held: readonly ListedService[], owned: OwnedNames): void {
    const desired = services.map(service => this.#desired(service))
    const applied = services.flatMap(service => service.applied ?? [])
    const operations = planServices(desired, held, ownedServices(owned), applied)
    for (const { operation, error } of applyServices(operations, this.#world.table))
      this.#world.log(`cannot ${operationText(operation)}: ${error.message} (${error.errno})`)
    for (const [i, service] of services.entries()) service.applied = desired[i]
    for (const service of services) this.#rampSoon(service, this.#world.now())
  }

  #desired({ virtualServer, pool, histories }: Service): DesiredService {
    return desiredService(virtualServer, pool, histories.map(risenAt), this.#world.now())
  }

  /** Wakes when the weight of a server that starts slowly grows next. */
  #rampSoon(service: Service, now: Instant): void {
    service.cancelRamp()
    let next: Instant | undefined
    for (const [i, { slowStartMs }] of service.virtualServer.realServers.entries()) {
      const { up, weight } = service.pool.servers[i]!
      if (up) next = earliest(next, nextRampAt(weight, slowStartMs, risenAt(service.histories[i]!), now))
    }
    if (next !== undefined) service.cancelRamp = this.#world.wake(next, () => this.#reconcileSoon(service))
  }
}

/** A server that was never down starts with all of its weight. */
function risenAt({ since, transitions }: History): Instant | undefined {
  return transitions === 0 ? undefined : since
}

function letterKey({ name }: Service, server: RealServer): string {
  return `${destinationKey(server)} ${name}`
}

/**
 * Whether a server was up when the daemon before us left the table; undefined: that cannot be seen. Those that failed are
 * not there, or there with weight 0 if they are inhibited, as those are that are drained or have no weight anyway.
 */
function serving(held: ListedService, server: RealServer, drained: boolean): boolean | undefined {
  const there = held.destinations.find(destination => destinationKey(destination) === destinationKey(server))
  if (there === undefined) return false
  if (there.weight > 0 || !server.inhibitOnFailure) return true
  return drained || server.weight === 0 ? undefined : false
}
