import { macBytes } from '../bytes/address.ts'
import { decodeFibLookup, FIB_SUCCESS } from './fib-lookup.ts'
import type { Trial } from './trial.ts'

/**
 * The frame as it is on the wire. Sent through the kernel's neighbour table it gets its MAC addresses there: they are
 * those that the kernel gave with the route, if it knew them.
 */
export function leavingFrame({ outcome, told }: Trial): Uint8Array {
  const route = told.findLast(({ event }) => event === 'route')?.route
  if (outcome.redirect?.nextHop === undefined || route?.result !== FIB_SUCCESS) return outcome.packet
  const { mac, source } = decodeFibLookup(route.parameters)
  const frame = outcome.packet.slice()
  frame.set(macBytes(mac), 0)
  frame.set(macBytes(source), 6)
  return frame
}
