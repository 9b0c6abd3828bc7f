import { basename } from 'node:path'
import { addresses, type InterfaceAddress } from '../kernel/address.ts'
import { getLink } from '../kernel/link.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import type { Host } from './host.ts'
import { type Process, processesIn } from './processes.ts'
import { standingCluster } from './standing.ts'
import { HOST_NAMES, VIP } from './topology.ts'

/** Every host with its address, who holds the virtual one, and what runs there. */
export function status(): string {
  const cluster = standingCluster()
  return HOST_NAMES.map(name => hostStatus(cluster.host(name))).join('')
}

function hostStatus(host: Host): string {
  using route = new RouteSocket(host.namespace)
  const { running, ifindex } = getLink(route, 'eth0')
  const vip = addresses(route).find(({ address }) => address === VIP)
  const facts = [host.plan.addresses[0], ...(running ? [] : ['no cable']), ...(vip ? [vipText(vip, ifindex)] : [])]
  const processes = processesIn(host.namespace).map(process => `  ${processText(process)}\n`)
  return `${host.plan.name.padEnd(12)}${facts.join(', ')}\n${processes.join('')}`
}

function vipText({ address, ifindex }: InterfaceAddress, eth0: number): string {
  return `${address} on ${ifindex === eth0 ? 'eth0' : 'lo'}`
}

/** Without the way to node and to the bundle. */
function processText({ pid, words }: Process): string {
  const [program = '', script = '', ...rest] = words
  const isOurs = program === process.execPath && basename(script) === basename(process.argv[1] ?? '')
  const shown = isOurs ? ['sluice', ...rest] : [program, script, ...rest]
  return `${String(pid).padStart(8)}  ${shown.join(' ').trimEnd()}`
}
