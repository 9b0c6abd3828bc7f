/** Explains a packet by the table, the routes and the routers of the current network namespace. */
import { TC } from '../balancer/program/hook.ts'
import type { Ip } from '../bytes/address.ts'
import { NoDaemonError, requestStatus } from '../daemon/control-client.ts'
import { Failure } from '../diagnostics/failure.ts'
import { explain } from '../explain/explain.ts'
import type { Explanation } from '../explain/explanation.ts'
import { decodeFibLookup, encodeFibLookup, FIB_LOCAL, FIB_NO_NEIGHBOUR, FIB_SUCCESS } from '../explain/fib-lookup.ts'
import type { Host, HostInterface, HostRouter } from '../explain/host.ts'
import type { Question } from '../explain/question.ts'
import { tracedPrograms } from '../explain/trial.ts'
import { addresses } from '../kernel/address.ts'
import { FibLookup } from '../kernel/fib-lookup.ts'
import { links } from '../kernel/link.ts'
import { neighbours } from '../kernel/neighbour.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import { copyTable, type TableCopy } from '../kernel/table-copy.ts'
import { requirePrivilege } from './privilege.ts'

/** Throws Failure if there is no table, or no such interface. */
export async function explainLive(question: Question, name: string | undefined): Promise<Explanation> {
  requirePrivilege({
    CAP_BPF: 'ask for routes as the data path does',
    CAP_NET_ADMIN: 'ask for routes as the data path does',
    CAP_SYS_ADMIN: 'read the table',
  })
  const routers = await routersHere()
  const copy = copyTable()
  if (copy === undefined)
    throw new Failure(
      'there is no table in this network namespace: every packet passes to the stack; a first service makes it (sluice ipvsadm -A …, sluice run)',
    )
  using ways = new FibLookup()
  const host = lookAround(copy, routers, parameters => ways.ask(parameters))
  return explain(question, arrival(question, host, name), host, copy, tracedPrograms(copy, TC))
}

function lookAround(
  { attachedTo, xdpModes }: TableCopy,
  routers: readonly HostRouter[],
  lookUpRoute: Host['lookUpRoute'],
): Host {
  using route = new RouteSocket()
  return {
    interfaces: links(route).map(({ ifindex, name, mac, mtu, up }) => ({
      ifindex,
      name,
      mac,
      mtu,
      up,
      attached: attachedTo.has(ifindex),
      xdp: xdpModes.get(ifindex),
    })),
    addresses: addresses(route).map(({ address, ifindex }) => ({ address, ifindex })),
    neighbours: neighbours(route),
    routers,
    lookUpRoute,
  }
}

/** Nobody need be there to ask. */
async function routersHere(): Promise<readonly HostRouter[]> {
  try {
    const { vrrp } = await requestStatus()
    return vrrp.map(({ name, state, addresses: own }) => ({
      name,
      state,
      addresses: own.map(({ address }) => address),
    }))
  } catch (error) {
    if (error instanceof NoDaemonError) return []
    throw error
  }
}

/** The interface that is said, or the one that packets from there most likely come in by. */
function arrival({ source, destination }: Question, host: Host, name: string | undefined): HostInterface {
  const { interfaces, lookUpRoute } = host
  const named = (wanted: (each: HostInterface) => boolean) => interfaces.find(wanted)
  if (name !== undefined) {
    const found = named(each => each.name === name)
    if (found !== undefined) return found
    throw new Failure(`there is no interface "${name}": ${interfaces.map(each => each.name).join(', ')}`)
  }
  const { result, parameters } = lookUpRoute(encodeFibLookup(source.address))
  if (result === FIB_LOCAL) return named(each => each.name === 'lo') ?? interfaces[0]!
  if (result === FIB_SUCCESS || result === FIB_NO_NEIGHBOUR) {
    const { ifindex } = decodeFibLookup(parameters)
    const found = named(each => each.ifindex === ifindex)
    if (found !== undefined) return found
  }
  const holds = (address: Ip) => host.addresses.find(each => each.address === address)?.ifindex
  const found =
    named(each => each.ifindex === holds(destination.address)) ?? named(each => each.name !== 'lo' && each.up)
  if (found !== undefined) return found
  throw new Failure(`no interface leads to ${source.address}: say which one the packet comes in by, with --in`)
}
