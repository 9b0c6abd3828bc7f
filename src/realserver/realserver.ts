/** `sluice realserver`: what is planned here is done, in the network namespace of this process. */
import type { Ip } from '../bytes/address.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import { type Finding, judge } from './judge.ts'
import type { Memory } from './memory.ts'
import { readMemory, writeMemory } from './memory-file.ts'
import type { Observation } from './observation.ts'
import { observe } from './observe.ts'
import type { Plan } from './operation.ts'
import { perform } from './perform.ts'
import { planStart } from './start.ts'
import { planStop } from './stop.ts'

export interface Report {
  readonly findings: readonly Finding[]
  readonly remarks: readonly string[]
}

/** Serves `addresses` from `lo`, besides those that are served already. */
export function startServing(addresses: readonly Ip[]): Report {
  using route = new RouteSocket()
  const { remarks } = carryOut(route, (observation, memory) => planStart(addresses, observation, memory))
  return { findings: judge(addresses, observe(route)), remarks }
}

/** Puts back what was there before; of all addresses if none is given. */
export function stopServing(addresses: readonly Ip[]): Report {
  using route = new RouteSocket()
  const chosen = addresses.length === 0 ? undefined : addresses
  const { remarks } = carryOut(route, (observation, memory) => planStop(chosen, observation, memory))
  return { findings: [], remarks }
}

/** What holds and what is wrong, about all addresses that are served if none is given. */
export function servingStatus(addresses: readonly Ip[]): Report {
  using route = new RouteSocket()
  const chosen = addresses.length === 0 ? readMemory().addresses.map(({ address }) => address) : addresses
  return { findings: judge(chosen, observe(route)), remarks: [] }
}

/**
 * On the way in the memory is written before anything changes, on the way out after all is put back: a host that dies in
 * between can always be put back.
 */
function carryOut(route: RouteSocket, plan: (observation: Observation, memory: Memory) => Plan): Plan {
  const before = readMemory()
  const planned = plan(observe(route), before)
  const shrinks = planned.memory.addresses.length < before.addresses.length
  if (!shrinks) writeMemory(planned.memory)
  for (const operation of planned.operations) perform(route, operation)
  if (shrinks) writeMemory(planned.memory)
  return planned
}
