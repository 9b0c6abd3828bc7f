/**
 * Runs a packet through the programs that a table runs now, on a copy of its memory, and keeps what they tell of it.
 * The programs are those of the live generation, compiled once more so that they tell; nothing is sent or changed.
 */

import { PROGRAM_SLOT, PROGRAMS_MAP } from '../balancer/program/dispatch.ts'
import { generation } from '../balancer/program/generation.ts'
import type { Hook } from '../balancer/program/hook.ts'
import type { EventName } from '../balancer/program/tell.ts'
import { type CompiledProgram, compile } from '../bpf/compile.ts'
import { interpret, type Outcome } from '../bpf/interpreter.ts'
import type { ContextFields } from '../bpf/interpreter-context.ts'
import type { HelperFunction } from '../bpf/interpreter-machine.ts'
import type { IpFamily } from '../bytes/address.ts'
import { type ConnectionView, type ServerView, type ServiceView, type Standing, StandingView } from './standing.ts'

/** What `bpf_fib_lookup` says of a way: its result, and the 64 bytes of its parameters as it leaves them. */
export interface RouteAnswer {
  readonly result: number
  readonly parameters: Uint8Array
}

/** An event, with its numbers and the records that these name, as they were at that moment. */
export interface Told {
  readonly event: EventName
  readonly values: Readonly<Record<string, number>>
  readonly service?: ServiceView
  readonly connection?: ConnectionView
  readonly server?: ServerView
  readonly route?: RouteAnswer
}

export interface Trial {
  readonly outcome: Outcome
  readonly told: readonly Told[]
  /** The table before and after. */
  readonly before: StandingView
  readonly after: StandingView
}

export interface TrialPacket {
  readonly frame: Uint8Array
  readonly family: IpFamily
  readonly context: ContextFields
}

/** The programs that are at work, by their slots, made to tell. */
export interface TracedPrograms {
  readonly hook: Hook
  readonly slots: readonly (CompiledProgram | undefined)[]
}

/** Those of the live generation, whose shape the table has noted. */
export function tracedPrograms(standing: Standing, hook: Hook): TracedPrograms {
  const { shape } = new StandingView(standing)
  const slots: (CompiledProgram | undefined)[] = []
  for (const { slot, source } of generation(hook, standing.facts, shape))
    slots[slot] = compile(source('helper'), { traced: true })
  return { hook, slots }
}

/** `lookUpRoute` is asked as the program asks the kernel; it gets a copy of the parameters. */
export function tryPacket(
  standing: Standing,
  programs: TracedPrograms,
  { frame, family, context }: TrialPacket,
  lookUpRoute: (parameters: Uint8Array) => RouteAnswer,
): Trial {
  const copies = Object.entries(standing.memory).map(([name, bytes]) => [name, bytes.slice()])
  const memory = Object.fromEntries(copies) as Standing['memory']
  const view = new StandingView({ ...standing, memory })
  const told: Told[] = []
  let route: RouteAnswer | undefined
  const fibLookup: HelperFunction = ({ memory: machine }, _context, address, length) => {
    const parameters = machine.bytes(address, Number(length), 'write')
    route = lookUpRoute(parameters.slice())
    parameters.set(route.parameters)
    return route.result
  }
  const listen = (event: string, numbers: Readonly<Record<string, bigint>>) => {
    const values = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]))
    const asked = event === 'route' && route !== undefined ? { route } : {}
    told.push({ event: event as EventName, values, ...records(view, family, values), ...asked })
  }
  const outcome = interpret(programs.slots[PROGRAM_SLOT.director]!, {
    packet: frame,
    context,
    regions: memory,
    maps: { [PROGRAMS_MAP]: { programs: programs.slots } },
    jiffies: BigInt(standing.jiffies),
    helpers: { fibLookup },
    listen,
  })
  return { outcome, told, before: new StandingView(standing), after: view }
}

/** The records that an event's numbers name. */
function records(
  view: StandingView,
  family: IpFamily,
  { service, slot, destination, link }: Readonly<Record<string, number>>,
): Pick<Told, 'service' | 'connection' | 'server'> {
  const server = destination ?? (link === undefined || link === 0 ? undefined : link - 1)
  return {
    ...(service === undefined ? {} : { service: view.service(service) }),
    ...(slot === undefined ? {} : { connection: view.connection(slot, family) }),
    ...(server === undefined ? {} : { server: view.server(server) }),
  }
}
