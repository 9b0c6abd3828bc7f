/**
 * The health checks of a whole configuration at work, and the table of virtual services kept in step with them.
 *
 * Everything that happens is a step of one of the pure machines of `health/`; this loop holds their states, wakes them,
 * carries their effects out and reconciles the table. Its surroundings (clock, connections, table, log) are handed in,
 * so that it runs in virtual time as well.
 */

import type { CheckerEvent } from '../health/checker.ts'
import { type CheckerState, checkerWakeAt, startChecker, stepChecker } from '../health/checker.ts'
import { type DesiredService, desiredService } from '../health/desired.ts'
import { realServerName, virtualServerName } from '../health/names.ts'
import { type PoolState, startPool, stepPool } from '../health/pool.ts'
import { isProbed, type ProbedChecker, type ProbeEvent } from '../health/probe.ts'
import { sameQuestion } from '../health/same-question.ts'
import type { Configuration } from '../model/configuration.ts'
import { serviceKeyText } from '../model/service.ts'
import type { Instant } from '../model/time.ts'
import type { CheckTarget, RealServer, VirtualServer } from '../model/virtual-server.ts'
import type { ListedService, ServiceTable } from '../model/virtual-service.ts'
import type { RealServerSnapshot, VirtualServerSnapshot } from '../observe/snapshot.ts'
import { applyServices, operationText } from '../reconcile/apply.ts'
import { destinationKey, planServices } from '../reconcile/services.ts'
import type { Note } from './note.ts'
import { declaredNames, type OwnedNames, ownedServices, unionOfNames } from './owned-names.ts'

export interface Surroundings {
  readonly now: () => Instant
  /** In [0, 1). */
  readonly random: () => number
  /** Calls back at the moment; the result takes the wish back. */
  readonly wake: (at: Instant, callback: () => void) => () => void
  /** Runs after what is going on now is done, once for many wishes. */
  readonly soon: (callback: () => void) => void
  /** Begins a connection and reports what becomes of it; the result closes it. */
  readonly connect: (target: CheckTarget, report: (event: ProbeEvent) => void) => () => void
  readonly table: ServiceTable
  readonly owned: Note<OwnedNames>
  readonly log: (text: string) => void
  readonly wallClockMs: (moment: Instant) => number
}

interface Check {
  readonly checker: ProbedChecker
  state: CheckerState
  close: () => void
  cancelWake: () => void
}

interface Service {
  readonly virtualServer: VirtualServer
  readonly name: string
  /** Per real server, its checks. */
  readonly checks: readonly (readonly Check[])[]
  pool: PoolState
  /** What the last plan brought about. */
  applied: DesiredService | undefined
}

const nothing = () => {}

export class Checkers {
  readonly #world: Surroundings
  #services: readonly Service[] = []
  readonly #stale = new Set<Service>()
  #reconcileComes = false

  constructor(world: Surroundings) {
    this.#world = world
  }

  /** Starts, or reloads: checks that ask what they asked before keep their answers. */
  configure(configuration: Configuration): void {
    const before = this.#services
    const ownedBefore = this.#world.owned.read() ?? {}
    this.#services = configuration.virtualServers.map(virtualServer => {
      const name = serviceKeyText(virtualServer.service)
      const old = before.find(service => service.name === name)
      return old === undefined
        ? this.#openService(virtualServer, Object.hasOwn(ownedBefore, name))
        : this.#reopenService(virtualServer, old)
    })
    for (const service of before) for (const check of service.checks.flat()) retire(check)
    for (const service of this.#services) this.#startChecks(service)

    const declared = declaredNames(this.#services.map(service => service.virtualServer))
    this.#world.owned.write(unionOfNames(ownedBefore, declared))
    if (configuration.global.lvsTimeouts !== undefined) this.#world.table.setTimeouts(configuration.global.lvsTimeouts)
    this.#apply(this.#services, this.#world.table.services(), unionOfNames(ownedBefore, declared))
    this.#world.owned.write(declared)
  }

  /** Ends all checks and takes out of the table what is ours. */
  stop(): void {
    for (const { virtualServer, checks } of this.#services) {
      for (const check of checks.flat()) retire(check)
      for (const server of virtualServer.realServers) {
        const { service } = virtualServer
        this.#world.log(
          `Shutting down service ${realServerName(service, server)} from VS ${virtualServerName(service)}`,
        )
      }
    }
    this.#services = []
    this.#apply([], this.#world.table.services(), this.#world.owned.read() ?? {})
    this.#world.owned.remove()
  }

  report(): readonly VirtualServerSnapshot[] {
    return this.#services.map(({ name, virtualServer, checks, pool }) => ({
      service: name,
      quorum: pool.quorum,
      realServers: virtualServer.realServers.map((server, i) =>
        this.#reportServer(server, pool.servers[i]!.up, checks[i]!),
      ),
    }))
  }

  #reportServer(server: RealServer, up: boolean, checks: readonly Check[]): RealServerSnapshot {
    return {
      address: server.address,
      port: server.port,
      weight: server.weight,
      up,
      checkers: checks.map(({ checker, state }) => ({
        type: checker.type,
        up: state.up,
        proved: state.proved,
        sinceMs: this.#world.wallClockMs(state.changedAt),
        lastError: state.lastError,
        latencyMs: state.latencyMs,
      })),
    }
  }

  /**
   * `adopted`: a daemon before us left this service behind. Which of its servers were up then shows in the table, and
   * is believed until a probe says otherwise: a crash brings no dead server back.
   */
  #openService(virtualServer: VirtualServer, adopted: boolean): Service {
    const held = adopted ? this.#world.table.service(virtualServer.service) : undefined
    const checks = virtualServer.realServers.map(server => {
      const up = held === undefined ? undefined : serving(held, server)
      return probed(server).map(checker => this.#openCheck(checker, up))
    })
    return this.#service(virtualServer, checks)
  }

  #reopenService(virtualServer: VirtualServer, old: Service): Service {
    const checks = virtualServer.realServers.map(server => {
      const before = old.virtualServer.realServers.findIndex(other => destinationKey(other) === destinationKey(server))
      return probed(server).map(checker => {
        const same = old.checks[before]?.find(check => sameQuestion(check.checker, checker))
        return same === undefined ? this.#openCheck(checker) : this.#carryOver(checker, same.state)
      })
    })
    return { ...this.#service(virtualServer, checks, old.pool.quorum), applied: old.applied }
  }

  #service(virtualServer: VirtualServer, checks: readonly (readonly Check[])[], quorum?: boolean): Service {
    const verdicts = checks.map(own => own.map(({ state }) => state.up))
    const pool = startPool(virtualServer, verdicts, quorum)
    return { virtualServer, name: serviceKeyText(virtualServer.service), checks, pool, applied: undefined }
  }

  #openCheck(checker: ProbedChecker, up?: boolean): Check {
    const state = startChecker(checker, this.#world.now(), this.#world.random(), up)
    return { checker, state, close: nothing, cancelWake: nothing }
  }

  /** A probe that is under way is not carried over: it starts again. */
  #carryOver(checker: ProbedChecker, state: CheckerState): Check {
    const phase =
      state.phase.name === 'waiting' ? state.phase : ({ name: 'waiting', probeAt: this.#world.now() } as const)
    return { checker, state: { ...state, phase }, close: nothing, cancelWake: nothing }
  }

  #startChecks(service: Service): void {
    const { virtualServer, checks } = service
    const name = virtualServerName(virtualServer.service)
    for (const [i, server] of virtualServer.realServers.entries()) {
      const rival = realServerName(virtualServer.service, server)
      for (const checker of server.checkers.filter(other => !isProbed(other)))
        this.#world.log(`${checker.type} of service ${rival} for VS ${name} is not supported yet: it is never down`)
      for (const [j, check] of checks[i]!.entries()) {
        if (!check.state.proved) this.#world.log(`Activating healthchecker for service ${rival} for VS ${name}`)
        this.#awaitWake(service, i, j)
      }
    }
  }

  #awaitWake(service: Service, server: number, checker: number): void {
    const check = service.checks[server]![checker]!
    check.cancelWake()
    check.cancelWake = this.#world.wake(checkerWakeAt(check.state), () =>
      this.#step(service, server, checker, { type: 'wake' }),
    )
  }

  #step(service: Service, server: number, checker: number, event: CheckerEvent): void {
    const check = service.checks[server]![checker]!
    const { state, effects } = stepChecker(check.checker, check.state, event, this.#world.now())
    check.state = state
    for (const effect of effects) {
      switch (effect.type) {
        case 'connect':
          check.close = this.#world.connect(effect.target, reported => this.#step(service, server, checker, reported))
          break
        case 'close':
          check.close()
          check.close = nothing
          break
        case 'log':
          this.#world.log(effect.text)
          break
        case 'verdict':
          this.#judge(service, server, checker, effect.up)
      }
    }
    this.#awaitWake(service, server, checker)
  }

  #judge(service: Service, server: number, checker: number, up: boolean): void {
    const step = stepPool(service.virtualServer, service.pool, { type: 'verdict', server, checker, up })
    service.pool = step.state
    for (const effect of step.effects) if (effect.type === 'log') this.#world.log(effect.text)
    if (step.effects.length > 0) this.#reconcileSoon(service)
  }

  /** Many servers may fail in one breath: the table is edited once for all of them. */
  #reconcileSoon(service: Service): void {
    this.#stale.add(service)
    if (this.#reconcileComes) return
    this.#reconcileComes = true
    this.#world.soon(() => {
      this.#reconcileComes = false
      const stale = this.#services.filter(one => this.#stale.has(one))
      this.#stale.clear()
      const held = stale.flatMap(({ virtualServer }) => this.#world.table.service(virtualServer.service) ?? [])
      this.#apply(stale, held, declaredNames(stale.map(service => service.virtualServer)))
    })
  }

  #apply(services: readonly Service[], held: readonly ListedService[], owned: OwnedNames): void {
    const desired = services.map(({ virtualServer, pool }) => desiredService(virtualServer, pool))
    const applied = services.flatMap(service => service.applied ?? [])
    const operations = planServices(desired, held, ownedServices(owned), applied)
    for (const { operation, error } of applyServices(operations, this.#world.table))
      this.#world.log(`cannot ${operationText(operation)}: ${error.message} (${error.errno})`)
    for (const [i, service] of services.entries()) service.applied = desired[i]
  }
}

function retire(check: Check): void {
  check.cancelWake()
  check.close()
}

function probed(server: RealServer): readonly ProbedChecker[] {
  return server.checkers.filter(isProbed)
}

/** The server stands in the table with a weight, or was never meant to have one. */
function serving(held: ListedService, server: RealServer): boolean {
  const there = held.destinations.find(destination => destinationKey(destination) === destinationKey(server))
  return there !== undefined && (there.weight > 0 || server.weight === 0)
}
