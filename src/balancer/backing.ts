/** What a table of services stands on: memory that the data path shares, and the few things only a kernel can do. */
import type { Ip, IpFamily } from '../bytes/address.ts'
import type { RegionName, TableFacts } from './layout.ts'
import type { Shape } from './shape.ts'

/** A firewall mark that a service takes packets by. */
export interface Mark {
  readonly family: IpFamily
  readonly mark: number
}

export interface Backing {
  readonly facts: TableFacts
  readonly memory: Readonly<Record<RegionName, Uint8Array>>
  /** The kernel's clock of ticks, low 32 bits. */
  jiffies(): number
  /** Takes out every connection whose time is up, now. */
  sweep(): void
  /** Carries out an order of `ORDER` for a connection; the answer is one of ENTERED. */
  enter(order: Uint8Array): number
  /** Runs an edit while no other process makes one. */
  exclusively<T>(edit: () => T): T
  /** Our own address on the way to another, which a tunnel to it begins at; undefined if there is no way. */
  routeSource(address: Ip): Ip | undefined
  /** Puts a program of this shape to work in place of the one before, between two packets. */
  reshape(shape: Shape, before: Shape | undefined): void
  /** Has packets with these firewall marks, and no others, come to the director. */
  takeMarks(marks: readonly Mark[]): void
}
