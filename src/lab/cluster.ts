/**
 * The cluster in the kernel: a network namespace for each host and one for the switch, a veth pair from each host's eth0
 * to a port of the switch's bridge.
 *
 *   client          lvs-master       lvs-backup       rs1              rs2             namespaces NAME-client …
 *   eth0            eth0             eth0             eth0             eth0
 *    │               │                │                │                │
 *   client          lvs-master       lvs-backup       rs1              rs2
 *   ═════════════════════════════════ br0 ═══════════════════════════════════          namespace NAME-switch
 */
import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { addAddress } from '../kernel/address.ts'
import { isKernelError } from '../kernel/errors.ts'
import { createBridge, createVeth, setLink } from '../kernel/link.ts'
import { createNamespace, deleteNamespace, inNamespace, type Namespace, openNamespace } from '../kernel/namespace.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import { runtimeDirectory } from '../kernel/runtime-directory.ts'
import { removeServiceTable } from '../kernel/service-table.ts'
import { Host } from './host.ts'
import { endProcesses } from './processes.ts'
import { HOST_NAMES, HOSTS, type HostName, type HostPlan, PREFIX } from './topology.ts'

const RUN_DIRECTORY = '/run/sluice'
const BRIDGE = 'br0'
const PLACES = ['switch', ...HOST_NAMES] as const

export class Cluster {
  readonly name: string
  /** Configurations and logs, for as long as the cluster is there. */
  readonly directory: string
  readonly #switch: Namespace
  readonly #hosts: ReadonlyMap<HostName, Host>

  private constructor(name: string, namespaces: ReadonlyMap<string, Namespace>) {
    this.name = name
    this.directory = directoryOf(name)
    this.#switch = namespaces.get('switch')!
    this.#hosts = new Map(
      HOST_NAMES.map(host => [host, new Host(HOSTS[host], namespaces.get(host)!, this.directory)] as const),
    )
  }

  /** Builds it, with nothing running yet. EEXIST if there is one of that name; half a cluster is taken away again. */
  static async build(name: string): Promise<Cluster> {
    const namespaces = new Map<string, Namespace>()
    try {
      for (const place of PLACES) namespaces.set(place, createNamespace(`${name}-${place}`))
      wire(namespaces)
      mkdirSync(directoryOf(name), { recursive: true })
      return new Cluster(name, namespaces)
    } catch (error) {
      await takeAway(name, [...namespaces.values()])
      throw error
    }
  }

  /** The cluster that somebody has built under that name; undefined if there is none. */
  static open(name: string): Cluster | undefined {
    const namespaces = openAll(name)
    if (namespaces.size === PLACES.length) return new Cluster(name, namespaces)
    for (const namespace of namespaces.values()) namespace.close()
    return undefined
  }

  host(name: HostName): Host {
    return this.#hosts.get(name)!
  }

  /** Pulls the cable out of the switch: the host's interface loses its carrier. */
  pullCable(host: HostName): void {
    this.#setPort(host, false)
  }

  plugCable(host: HostName): void {
    this.#setPort(host, true)
  }

  #setPort(host: HostName, up: boolean): void {
    using route = new RouteSocket(this.#switch)
    setLink(route, host, { up })
  }
}

/** Ends everything that runs in the cluster and takes it away, whatever is left of it. True if there was something. */
export async function removeCluster(name: string): Promise<boolean> {
  const namespaces = openAll(name)
  await takeAway(name, [...namespaces.values()])
  return namespaces.size > 0
}

function directoryOf(name: string): string {
  return join(RUN_DIRECTORY, 'lab', name)
}

function openAll(name: string): Map<string, Namespace> {
  const namespaces = new Map<string, Namespace>()
  for (const place of PLACES) {
    try {
      namespaces.set(place, openNamespace(`${name}-${place}`))
    } catch (error) {
      if (!isKernelError(error, 'ENOENT')) throw error
    }
  }
  return namespaces
}

function wire(namespaces: ReadonlyMap<string, Namespace>): void {
  using hub = new RouteSocket(namespaces.get('switch')!)
  createBridge(hub, { name: BRIDGE, up: true })
  for (const plan of Object.values(HOSTS)) connect(hub, plan, namespaces.get(plan.name)!)
}

function connect(hub: RouteSocket, plan: HostPlan, namespace: Namespace): void {
  using route = new RouteSocket(namespace)
  createVeth(hub, { name: plan.name, master: BRIDGE, up: true }, { name: 'eth0', mac: plan.mac, namespace })
  setLink(route, 'lo', { up: true })
  for (const address of plan.addresses) addAddress(route, 'eth0', { address, prefix: PREFIX })
  setLink(route, 'eth0', { up: true })
}

async function takeAway(name: string, namespaces: readonly Namespace[]): Promise<void> {
  // Nothing of it is ours: the name was taken, and so is the directory.
  if (namespaces.length === 0) return
  await endProcesses(namespaces)
  for (const namespace of namespaces) {
    inNamespace(namespace, forget)
    deleteNamespace(namespace.name)
    namespace.close()
  }
  rmSync(directoryOf(name), { recursive: true, force: true })
  removeIfEmpty(join(RUN_DIRECTORY, 'lab'))
  removeIfEmpty(RUN_DIRECTORY)
}

/** What sluice keeps for the current namespace: its tables in the kernel, its files. */
function forget(): void {
  removeServiceTable()
  rmSync(runtimeDirectory(), { recursive: true, force: true })
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // Somebody else has something there.
  }
}
