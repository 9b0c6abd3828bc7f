/** What a table's memory holds at a moment, and its records in words: what an explanation is made of. */

import { stateName } from '../balancer/connection-list.ts'
import {
  CONNECTION,
  CONNECTION_BYTES,
  CONNECTION_FLAG,
  CONNECTION6,
  CONNECTION6_BYTES,
  DESTINATION,
  DESTINATION_BYTES,
  DESTINATION_FLAG,
  DETAIL,
  DETAIL_BYTES,
  KIND,
  type RegionName,
  SERVICE,
  SERVICE_BYTES,
  SERVICE_FLAG,
  type TableFacts,
} from '../balancer/layout.ts'
import { readShape } from '../balancer/live-shape.ts'
import { Memory } from '../balancer/memory.ts'
import { addressAt, protocolName, readDestination, readService } from '../balancer/records.ts'
import type { Shape } from '../balancer/shape.ts'
import { type Ip, type IpFamily, type Mac, macFromBytes } from '../bytes/address.ts'
import { endpointText } from '../model/service.ts'
import type { Destination, VirtualService } from '../model/virtual-service.ts'

/** A table as it was when somebody copied it: what runs on it changes nothing. */
export interface Standing {
  readonly facts: TableFacts
  readonly memory: Readonly<Record<RegionName, Uint8Array>>
  /** The kernel's clock of ticks, low 32 bits. */
  readonly jiffies: number
}

/** A virtual service with its servers, newest first, as schedulers see them. */
export interface ServiceView extends VirtualService {
  readonly servers: readonly ServerView[]
}

export interface ServerView extends Destination {
  readonly number: number
  readonly endpoint: string
  readonly active: number
  readonly inactive: number
  readonly persistent: number
  readonly overloaded: boolean
  readonly available: boolean
  /** Undefined where no packet has gone there yet. */
  readonly hop: Hop | undefined
}

export interface Hop {
  readonly ifindex: number
  readonly mac: Mac
  readonly source: Mac
  /** 0 if the kernel did not say. */
  readonly mtu: number
}

/** An entry of the connection table. */
export interface ConnectionView {
  readonly isTemplate: boolean
  readonly protocol: string
  readonly client: string
  readonly virtual: string
  readonly server: ServerView
  /** Where it is: the server's port is the connection's own if addresses are translated. */
  readonly serverText: string
  readonly state: string
  readonly leftS: number
  readonly timeoutS: number
  readonly hasTemplate: boolean
  readonly children: number
}

export class StandingView {
  readonly facts: TableFacts
  readonly #jiffies: number
  readonly #memory: Readonly<Record<RegionName, Memory>>

  constructor({ facts, memory, jiffies }: Standing) {
    this.facts = facts
    this.#jiffies = jiffies
    const entries = Object.entries(memory).map(([name, bytes]) => [name, new Memory(bytes)])
    this.#memory = Object.fromEntries(entries) as Record<RegionName, Memory>
  }

  /** Of the program that runs. */
  get shape(): Shape {
    return readShape(this.#memory.settings)
  }

  /** Services that take packets. */
  services(): readonly VirtualService[] {
    const { services } = this.#memory
    const found: VirtualService[] = []
    for (let record = 0; record < services.bytes.length; record += SERVICE_BYTES) {
      const flags = services.get(record, SERVICE.flags)
      if ((flags & SERVICE_FLAG.used) !== 0 && (flags & SERVICE_FLAG.removed) === 0)
        found.push(readService(services, record))
    }
    return found
  }

  service(number: number): ServiceView {
    const record = number * SERVICE_BYTES
    const servers: ServerView[] = []
    const { services, destinations } = this.#memory
    let link = services.get(record, SERVICE.head)
    while (link !== 0 && servers.length < this.facts.capacity.destinations) {
      servers.push(this.server(link - 1))
      link = destinations.get((link - 1) * DESTINATION_BYTES, DESTINATION.next)
    }
    return { ...readService(services, record), servers }
  }

  server(number: number): ServerView {
    const { destinations } = this.#memory
    const record = (number & (this.facts.capacity.destinations - 1)) * DESTINATION_BYTES
    const destination = readDestination(destinations, record)
    return {
      ...destination,
      number,
      endpoint: endpointText(destination.address, destination.port),
      active: destinations.get(record, DESTINATION.active),
      inactive: destinations.get(record, DESTINATION.inactive),
      persistent: destinations.get(record, DESTINATION.persistent),
      overloaded: destinations.get(record, DESTINATION.overloaded) !== 0,
      available: (destinations.get(record, DESTINATION.flags) & DESTINATION_FLAG.available) !== 0,
      hop: this.#hop(record),
    }
  }

  connection(slot: number, family: IpFamily): ConnectionView {
    const memory = this.#memory[family === 4 ? 'connections' : 'connections6']
    const details = this.#memory[family === 4 ? 'details' : 'details6']
    const at = slot * (family === 4 ? CONNECTION_BYTES : CONNECTION6_BYTES)
    const [client, virtual] =
      family === 4 ? [CONNECTION.client, CONNECTION.virtual] : [CONNECTION6.client, CONNECTION6.virtual]
    const idle = (this.#jiffies - memory.get(at, CONNECTION.stamp)) >>> 0
    const timeout = memory.get(at, CONNECTION.timeout)
    const server = this.server(memory.get(at, CONNECTION.destination))
    const translated = (memory.get(at, CONNECTION.flags) & CONNECTION_FLAG.translated) !== 0
    const isTemplate = memory.get(at, CONNECTION.kind) === KIND.template
    const clientAddress = addressAt(memory, at + client[0], family)
    const end = (address: Ip, port: number) => endpointText(address, port)
    return {
      isTemplate,
      protocol: protocolName(memory.get(at, CONNECTION.protocol)),
      // A template's is a network: it has no port.
      client: isTemplate ? clientAddress : end(clientAddress, memory.get(at, [CONNECTION.clientPort[0], 'be16'])),
      virtual: end(addressAt(memory, at + virtual[0], family), memory.get(at, [CONNECTION.virtualPort[0], 'be16'])),
      server,
      serverText: translated
        ? end(server.address, memory.get(at, [CONNECTION.serverPort[0], 'be16']))
        : server.endpoint,
      state: stateName(memory.get(at, CONNECTION.state)),
      leftS: Math.max(0, Math.floor((timeout - idle) / this.facts.hertz)),
      timeoutS: Math.floor(timeout / this.facts.hertz),
      hasTemplate: details.get(slot * DETAIL_BYTES, DETAIL.template) !== 0,
      children: details.get(slot * DETAIL_BYTES, DETAIL.children),
    }
  }

  #hop(record: number): Hop | undefined {
    const { destinations } = this.#memory
    const ifindex = destinations.get(record, DESTINATION.hopInterface)
    if (ifindex === 0) return undefined
    const mac = (at: number) => macFromBytes(destinations.slice(record + at, 6))
    return {
      ifindex,
      mac: mac(DESTINATION.hopTarget[0]),
      source: mac(DESTINATION.hopSource[0]),
      mtu: destinations.get(record, DESTINATION.hopMtu),
    }
  }
}
