/**
 * Virtual MACs (`use_vmac`): a macvlan on the instance's interface with the address 00:00:5e:00:01:VRID that RFC 9568
 * section 7.3 gives a virtual router, so that a takeover changes no neighbour table anywhere.
 *
 * The device is there as long as the daemon, so that a takeover takes no longer for it. Its addresses come and go with the
 * election. The interface below must not answer ARP for them with its own MAC, hence `arp_ignore`.
 */
import type { Mac } from '../bytes/address.ts'
import { isKernelError } from '../kernel/errors.ts'
import { createMacvlan, deleteLink, findLink, setLink } from '../kernel/link.ts'
import type { RouteSocket } from '../kernel/route-socket.ts'
import { readSysctl, writeSysctl } from '../kernel/sysctl.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { homeOf } from './home-of.ts'

export function virtualMac({ vmac, family, routerId }: VrrpInstance): Mac {
  const last = routerId.toString(16).padStart(2, '0')
  return vmac?.address ?? (`00:00:5e:00:0${family === 6 ? 2 : 1}:${last}` as Mac)
}

/** It answers for its own addresses only, and takes packets from our own address that come back from the segment. */
const OWN_SETTINGS = { arp_ignore: 1, accept_local: 1, rp_filter: 0 } as const
const BASE_SETTINGS = { arp_ignore: 1, arp_filter: 1 } as const

export class VirtualMacs {
  readonly #route: RouteSocket
  readonly #log: (text: string) => void
  /** The devices that are ours. */
  readonly #devices = new Set<string>()
  /** What we changed of the interfaces below, as it was. */
  readonly #former = new Map<string, string>()
  readonly #told = new Set<string>()

  constructor(route: RouteSocket, log: (text: string) => void) {
    this.#route = route
    this.#log = log
  }

  /** Makes the devices of these instances where their interface is there, and takes the others away. */
  arrange(instances: readonly VrrpInstance[]): void {
    const wanted = instances.filter(({ vmac }) => vmac !== undefined)
    const names = new Set(wanted.map(homeOf))
    for (const name of this.#devices) if (!names.has(name)) this.#remove(name)
    for (const instance of wanted) this.#arrange(instance)
  }

  close(): void {
    for (const name of [...this.#devices]) this.#remove(name)
    for (const [parameter, value] of this.#former) attempt(() => writeSysctl(parameter, value))
    this.#former.clear()
  }

  #arrange(instance: VrrpInstance): void {
    const name = homeOf(instance)
    const mac = virtualMac(instance)
    const base = findLink(this.#route, instance.interface)
    if (base === undefined) return
    const link = findLink(this.#route, name)
    if (link !== undefined && link.mac !== mac) {
      this.#complain(`(${instance.name}) ${name} is there already and has another MAC: use_vmac has no effect`)
      return
    }
    this.#devices.add(name)
    if (link?.up === true) return
    const refused = attempt(() => {
      if (link === undefined) createMacvlan(this.#route, { name, mac }, base.ifindex, 'private')
      for (const [setting, value] of Object.entries(OWN_SETTINGS))
        writeSysctl(`net.ipv4.conf.${escaped(name)}.${setting}`, value)
      for (const [setting, value] of Object.entries(BASE_SETTINGS)) this.#change(instance.interface, setting, value)
      // The kernel refuses it while the interface below is down, and we are called again when it is up.
      if (base.up) setLink(this.#route, name, { up: true })
    })
    if (refused !== undefined) this.#complain(`(${instance.name}) ${refused}`)
  }

  #change(device: string, setting: string, value: number): void {
    const parameter = `net.ipv4.conf.${escaped(device)}.${setting}`
    if (!this.#former.has(parameter)) this.#former.set(parameter, readSysctl(parameter))
    writeSysctl(parameter, value)
  }

  #remove(name: string): void {
    this.#devices.delete(name)
    attempt(() => deleteLink(this.#route, name))
  }

  #complain(text: string): void {
    if (!this.#told.has(text)) this.#log(text)
    this.#told.add(text)
  }
}

/** What the kernel said against it; interfaces come and go under our hands. */
function attempt(work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (!isKernelError(error)) throw error
    return error.message
  }
}

function escaped(name: string): string {
  return name.replaceAll('.', '/')
}
