/**
 * What XDP leaves to tc, which every interface has besides: it passes the packet as it came, before anything is counted
 * or any state is changed, and tc does the rest as if XDP were not there. A connection that begins is entered all the
 * same, so that its server is chosen once; tc then finds it.
 *
 *   a next hop that is old or unknown   tc asks anew, and makes the kernel probe the neighbour
 *   longer than its way takes           tc knows of segments, and tells the client
 *   an interface that takes no frames   tc sends by its queues
 *   pieces, and a last hop              the notes and the answers are tc's
 */
import type { Code } from '../../bpf/code.ts'
import type { Value } from '../../bpf/value.ts'
import { DESTINATION, SERVICE, SERVICE_FLAG } from '../layout.ts'
import type { Shape } from '../shape.ts'
import { IPV4, IPV6 } from './headers.ts'
import type { Hook } from './hook.ts'
import { isFragment, type Packet } from './parse.ts'
import type { Scene } from './scene.ts'
import { isHopKnown } from './send.ts'
import { overheadBytes } from './tunnel.ts'
import { leaveUntaken } from './xdp-targets.ts'

/** Before a connection of a service is looked for, or one by a reply. */
export function leaveOddPackets(code: Code, hook: Hook, packet: Packet): void {
  if (hook.type === 'tc') return
  const ttl = packet.ip.get(packet.family === 4 ? IPV4.ttl : IPV6.hopLimit)
  code.guard(isFragment(packet).not().and(ttl.gt(1)), () => code.exit(hook.pass))
}

/** When the server is known, and nothing is changed yet. */
export function leaveHardWays({ code, tables, hook, shape, packet, now }: Scene, destination: Value): void {
  if (hook.type === 'tc') return
  const server = tables.destination(destination)
  const pass = () => code.exit(hook.pass)
  code.guard(isHopKnown(tables, server, now), pass)
  code.guard(packet.ipBytes.add(overheadMax(shape)).le(server.get(DESTINATION.hopMtu)), pass)
  leaveUntaken(code, server.get(DESTINATION.hopInterface))
}

/** A connection of a single packet is entered nowhere: tc could not find whom XDP has chosen. */
export function leaveOnePackets({ code, tables, hook }: Scene, service: Value): void {
  if (hook.type === 'tc') return
  const flags = tables.service(service).get(SERVICE.flags)
  code.guard(flags.has(SERVICE_FLAG.onePacket).not(), () => code.exit(hook.pass))
}

/** The most that any tunnel in use puts before a packet. */
function overheadMax(shape: Shape): number {
  const bytes = shape.tunnels.flatMap(tunnel => shape.tunnelFamilies.map(family => overheadBytes(tunnel, true, family)))
  return Math.max(0, ...bytes)
}
