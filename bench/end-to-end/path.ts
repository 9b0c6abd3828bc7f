/**
 * The way that packets take: a client, a director, a server, each in a namespace, one cable between two of them.
 *
 *   client 192.168.1.1 ── 192.168.1.2 director 192.168.2.1 ── 192.168.2.2 server
 *                         192.168.1.100
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { tcpFrame } from '../../src/balancer/frame.ts'
import { XDP } from '../../src/balancer/program/hook.ts'
import type { ProgramSource } from '../../src/bpf/compile.ts'
import { HELPER } from '../../src/bpf/helper.ts'
import { type Ip, ip, macBytes } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { createLink, createMap, loadSource, MAP_TYPE, runOnFrames } from '../../src/kernel/bpf.ts'
import { createVeth, getLink } from '../../src/kernel/link.ts'
import { createNamespace, deleteNamespace, inNamespace, type Namespace } from '../../src/kernel/namespace.ts'
import { setNeighbour } from '../../src/kernel/neighbour.ts'
import { setOffloads } from '../../src/kernel/offload.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import { BENCH_MAP, BENCH_MAP_BYTES, repeatable } from '../datapath/wrapper.ts'

export const VIP: Ip = ip('192.168.1.100')
export const SERVER: Ip = ip('192.168.2.2')
const CLIENT = ip('192.168.1.1')
const OUTSIDE = ip('192.168.1.2')
const INSIDE = ip('192.168.2.1')
const XDP_NATIVE = 1 << 2
/** How long nothing more may arrive before all is said to have arrived. */
const QUIET_MS = 20

export class Path {
  readonly client: Namespace
  readonly director: Namespace
  readonly server: Namespace
  readonly #sink: number

  constructor() {
    const [client, director, server] = ['client', 'director', 'server'].map(name =>
      createNamespace(`sluice-bench-${process.pid}-${name}`),
    ) as [Namespace, Namespace, Namespace]
    this.client = client
    this.director = director
    this.server = server
    const name = 'eth0'
    this.#in(client, route => createVeth(route, { name, up: true }, { name, namespace: director, up: true }))
    this.#in(server, route => createVeth(route, { name, up: true }, { name: 'eth1', namespace: director, up: true }))
    this.#in(client, route => {
      addAddress(route, 'eth0', { address: CLIENT, prefix: 24 })
      addRoute(route, { gateway: OUTSIDE })
    })
    this.#in(server, route => {
      addAddress(route, 'eth0', { address: SERVER, prefix: 24 })
      addRoute(route, { gateway: INSIDE })
    })
    this.#in(director, route => {
      addAddress(route, 'eth0', { address: OUTSIDE, prefix: 24 })
      addAddress(route, 'eth0', { address: VIP, prefix: 32 })
      addAddress(route, 'eth1', { address: INSIDE, prefix: 24 })
      setNeighbour(route, 'eth1', SERVER, this.#mac(server, 'eth0'))
      writeSysctl('net.ipv4.ip_forward', 1)
      for (const part of ['all', 'eth0', 'eth1']) writeSysctl(`net.ipv4.conf.${part}.rp_filter`, 0)
      // A veth takes frames in lots only if it receives so.
      for (const each of ['eth0', 'eth1']) setOffloads(each, { genericReceive: true })
    })
    this.#sink = loadSource({ name: 'sink', type: 'xdp', main: code => code.exit(XDP.drop) }, {})
  }

  /** From now on, whatever comes to the server is only counted. */
  sink(): void {
    this.#in(this.server, route => createLink(this.#sink, getLink(route, 'eth0').ifindex, 'XDP', XDP_NATIVE))
  }

  /** What sends frames of so many flows to a TCP port, from the client's interface. */
  sender(to: Ip, port: number, flag: 'syn' | 'ack', flows: number): (count: number) => void {
    const target = this.#mac(this.director, 'eth0')
    const frame = tcpFrame({ address: ip('10.0.0.0'), port: 40_000 }, { address: to, port }, [flag])
    frame.set(macBytes(target))
    const program = this.#in(this.client, route => {
      const { ifindex } = getLink(route, 'eth0')
      const source: ProgramSource = {
        name: 'send',
        type: 'xdp',
        main: code => code.exit(code.call(HELPER.redirect, ifindex, 0)),
      }
      const map = createMap({
        name: 'bench',
        type: MAP_TYPE.ARRAY,
        keyBytes: 4,
        valueBytes: BENCH_MAP_BYTES,
        entries: 1,
        mappable: true,
      })
      return loadSource(repeatable(source, XDP, { frame, flows, varied: 'source', overhead: 0 }), { [BENCH_MAP]: map })
    })
    return count => inNamespace(this.client, () => runOnFrames(program, frame, count))
  }

  /** Frames a second that arrive at the server while the client sends so many; and how many of them did. */
  async rate(send: (count: number) => void, count: number): Promise<{ perSecond: number; arrived: number }> {
    const before = this.#arrived()
    const started = performance.now()
    send(count)
    let [ended, last] = [performance.now(), this.#arrived()]
    for (;;) {
      await sleep(QUIET_MS)
      const now = this.#arrived()
      if (now === last) break
      ended = performance.now()
      last = now
    }
    const arrived = last - before
    return { perSecond: (arrived * 1000) / (ended - started), arrived }
  }

  close(): void {
    for (const namespace of [this.client, this.director, this.server]) {
      deleteNamespace(namespace.name)
      namespace.close()
    }
  }

  #arrived(): number {
    return this.#in(this.server, route => Number(getLink(route, 'eth0').statistics.rxPackets))
  }

  #mac(namespace: Namespace, name: string): NonNullable<ReturnType<typeof getLink>['mac']> {
    return this.#in(namespace, route => getLink(route, name).mac!)
  }

  #in<T>(namespace: Namespace, work: (route: RouteSocket) => T): T {
    return inNamespace(namespace, () => {
      using route = new RouteSocket()
      return work(route)
    })
  }
}
