/** How it ends: what the program returned, and the last thing that it told decides what that means. */
import { REASONS } from '../balancer/layout.ts'
import type { Hook } from '../balancer/program/hook.ts'
import type { EventName } from '../balancer/program/tell.ts'
import { type Mac, macFromBytes } from '../bytes/address.ts'
import { printFrame } from '../wire/print.ts'
import type { Verdict } from './explanation.ts'
import { decodeFibLookup, FIB_REFUSALS, FIB_SUCCESS } from './fib-lookup.ts'
import { frameText } from './frame-text.ts'
import { type Host, interfaceName } from './host.ts'
import { leavingFrame } from './leaving-frame.ts'
import { reasonText } from './reasons.ts'
import type { ServerView } from './standing.ts'
import type { Told, Trial } from './trial.ts'

const METHODS: Readonly<Record<string, string>> = {
  masquerade: 'with its addresses translated',
  route: 'by direct routing',
  tunnel: 'through a tunnel',
}

export function verdict(trial: Trial, hook: Hook, host: Host): Verdict {
  const { outcome, told } = trial
  const reason = countedReason(told)
  if (outcome.redirect !== undefined) return leaving(trial, host, reason)
  const refusal = reason === undefined ? undefined : reasonText(reason)
  const route = told.findLast(({ event }) => event === 'route')?.route
  const way = route === undefined ? undefined : FIB_REFUSALS[route.result]
  const passes = (outcome.verdict | 0) === hook.pass
  const text = way?.text ?? refusal?.text ?? (passes ? passingText(told) : 'the program dropped it')
  const remedy = way?.remedy ?? refusal?.remedy
  return {
    action: passes ? 'passed' : 'dropped',
    text: `${passes ? 'passed to the stack' : 'dropped'}: ${text}`,
    ...(remedy === undefined ? {} : { remedy }),
    ...(reason === undefined ? {} : { reason }),
  }
}

/** Why nobody was chosen or nothing done; the last of these that was told. */
const PASSING: Readonly<Partial<Record<EventName, string>>> = {
  'other-host': 'the frame is for the hardware address of another machine',
  'other-protocol': 'no service asks for packets of this kind',
  aside: 'nothing in it is about a connection',
  'no-service': 'no service takes it',
  'no-reply': 'it is no answer to a connection that is known',
  'stray-fragment': 'its first piece has not been seen; the stack gives up on it',
  'stray-message': 'it is about no connection of a service: the stack has it',
  reply: 'the stack tells its sender what is wrong with it: used up on the way, or too long',
  'error-to-client': 'it has come too far',
  route: "the server's address is one of this machine's: the stack has the packet as it came",
}

function passingText(told: readonly Told[]): string {
  const last = told.findLast(({ event }) => event in PASSING)
  return (last === undefined ? undefined : PASSING[last.event]) ?? 'the table has no service of its kind'
}

function leaving(trial: Trial, host: Host, reason: string | undefined): Verdict {
  const { outcome, told } = trial
  const { ifindex, nextHop } = outcome.redirect!
  const out = interfaceName(host, ifindex)
  const packet = leavingFrame(trial)
  const frame = frameText(packet)
  if (reason !== undefined)
    return {
      action: 'answered',
      text: `answered: ${reasonText(reason).text}; back to the client goes ${printFrame(outcome.packet)}`,
      ...remedyOf(reason),
      reason,
      interface: out,
      frame,
    }
  const forwarded = told.findLast(({ event }) => event === 'forward')
  const asked = told.findLast(({ event }) => event === 'route')?.route
  const hop = asked === undefined ? undefined : decodeFibLookup(asked.parameters)
  const mac = nextHop === undefined || asked?.result === FIB_SUCCESS ? macFromBytes(packet) : undefined
  const to = forwarded === undefined ? 'back to the client' : `to ${serverText(forwarded)}`
  const how = forwarded === undefined ? '' : ` ${METHODS[forwarded.server!.forwarding.method]}`
  const next = { ...(hop === undefined ? {} : { nextHop: hop.address }), ...(mac === undefined ? {} : { mac }) }
  return {
    action: 'sent',
    text: `sent ${to}${how}, out of ${out}${macText(mac)}`,
    ...(forwarded === undefined ? {} : { server: serverText(forwarded) }),
    interface: out,
    ...next,
    frame,
  }
}

function serverText({ server }: Told): string {
  return (server satisfies ServerView | undefined)!.endpoint
}

function macText(mac: Mac | undefined): string {
  return mac === undefined ? ', once the kernel knows the MAC address of the next hop' : ` to ${mac}`
}

function remedyOf(reason: string): { remedy?: string } {
  const { remedy } = reasonText(reason)
  return remedy === undefined ? {} : { remedy }
}

function countedReason(told: readonly Told[]): string | undefined {
  const counted = told.findLast(({ event }) => event === 'counted')
  return counted === undefined ? undefined : REASONS[counted.values.reason!]
}
