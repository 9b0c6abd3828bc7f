/** The three ways to a server: by its MAC address, by its IP address, through a tunnel. */
import type { Condition, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { CONNECTION_FLAG, DESTINATION, FORWARD } from '../layout.ts'
import type { ForwardingMethod } from '../shape.ts'
import { type Address, readAddress } from './address.ts'
import type { Refuse } from './icmp-error.ts'
import type { Packet } from './parse.ts'
import { admitLength, tunnelOverhead } from './path-mtu.ts'
import { decreaseTtl } from './rewrite.ts'
import type { Scene } from './scene.ts'
import { type Changed, sendToServer } from './send.ts'
import { tell } from './tell.ts'
import { encapsulate } from './tunnel.ts'
import type { Way } from './way.ts'

/** Addresses the packet to a server, as its kind of packet is addressed. */
export type Readdress = (address: Address, port: Value) => Changed

/** What forwarding asks for: it repeats nothing. */
type Leaving = Omit<Scene, 'looping'>

/** By the connection's own method; only what the table uses is in the program. */
export function forward(scene: Leaving, way: Way, destination: Value, readdress: Readdress): void {
  const { code, hook, shape } = scene
  const methods = {
    masquerade: () => masquerade(scene, way, destination, readdress),
    tunnel: () => tunnel(scene, destination),
    route: () => route(scene, destination),
  }
  const choose = ([method, ...others]: typeof shape.methods): void => {
    if (method === undefined) return
    if (others.length === 0) methods[method]()
    else code.when(isForwardedBy(way, method), methods[method], () => choose(others))
  }
  // Direct routing is what has no flag of its own: it comes last.
  choose((['masquerade', 'tunnel', 'route'] as const).filter(method => shape.methods.includes(method)))
  if (shape.methods.length === 0) code.exit(hook.pass)
}

function isForwardedBy({ flags }: Way, method: ForwardingMethod): Condition {
  if (method === 'route') return flags.has(CONNECTION_FLAG.translated | CONNECTION_FLAG.tunnelled).not()
  return flags.has(CONNECTION_FLAG[method === 'masquerade' ? 'translated' : 'tunnelled'])
}

/** Direct routing (ipvsadm -g): the packet goes to the server as it is, but for its TTL and its MAC addresses. */
function route({ code, tables, hook, packet, now, refuse }: Leaving, destination: Value): void {
  code.comment('direct routing')
  tell(code, 'forward', () => ({ method: FORWARD.route, destination }))
  sendToServer(code, tables, hook, packet, destination, packet.family, now, {
    admit: mtu => admitLength(code, hook, packet, mtu, 0, tooBig(packet, refuse)),
    write: () => {
      decreaseTtl(packet)
      return { start: packet.start, finish: () => {} }
    },
  })
}

/** Network address translation (-m): the packet is addressed to the server. */
function masquerade(scene: Leaving, way: Way, destination: Value, readdress: Readdress): void {
  const { code, tables, hook, packet, now, refuse } = scene
  code.comment('network address translation')
  tell(code, 'forward', () => ({ method: FORWARD.masquerade, destination }))
  const address = readAddress(tables.destination(destination), DESTINATION.address, packet.family)
  const port = way.serverPort
  sendToServer(code, tables, hook, packet, destination, packet.family, now, {
    admit: mtu => admitLength(code, hook, packet, mtu, 0, tooBig(packet, refuse)),
    write: () => readdress(address, port),
  })
}

/** Through a tunnel (-i): the packet travels inside another. */
function tunnel({ code, tables, hook, shape, packet, now, refuse }: Leaving, destination: Value): void {
  code.comment('through a tunnel')
  tell(code, 'forward', () => ({ method: FORWARD.tunnel, destination }))
  const server = tables.destination(destination)
  const refused = () => {
    tables.count('truncated')
    code.exit(hook.drop)
  }
  const send = (family: IpFamily) =>
    sendToServer(code, tables, hook, packet, destination, family, now, {
      admit: mtu => {
        const overhead = tunnelOverhead(code, shape, server, family)
        admitLength(code, hook, packet, mtu, overhead, tooBig(packet, refuse))
      },
      write: () => ({
        start: encapsulate(code, tables, hook, shape, packet, server, family, refused),
        finish: () => {},
      }),
    })
  const [first, second] = shape.tunnelFamilies
  if (first === undefined) throw new RangeError('a shape with tunnels says where to')
  if (second === undefined) send(first)
  else
    code.when(
      server.get(DESTINATION.family).eq(6),
      () => send(6),
      () => send(4),
    )
}

/** What is quoted of a packet that is too long has one hop less, as in ip_vs. */
function tooBig(packet: Packet, refuse: Refuse): (mtu: Value) => void {
  return mtu => {
    decreaseTtl(packet)
    refuse('tooBig', mtu)
  }
}
