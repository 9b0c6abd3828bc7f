/**
 * A synchronisation daemon at work: the master reads what the data path has noted and tells the group, the backup hears
 * the group and enters what it is told. Messages that make no sense are counted, and the counts logged now and then.
 */
import { addresses } from '../kernel/address.ts'
import { GroupReceiver, GroupSender } from '../kernel/group-socket.ts'
import { linkIndex } from '../kernel/link.ts'
import { Poller } from '../kernel/poller.ts'
import { RouteSocket } from '../kernel/route-socket.ts'
import type { PinnedTable } from '../kernel/service-table.ts'
import type { SyncDaemon } from '../model/virtual-service.ts'
import { decodeSyncMessage, encodeSyncMessages } from '../wire/ipvs-sync.ts'

/** How often the master looks for notes; looking costs one word of memory. */
const LOOK_EVERY_MS = 50
/** A full queue is tried again after this. */
const SEND_AGAIN_MS = 5
/** Whoever takes the table away takes its daemons away, too. */
const TABLE_EVERY_MS = 2000

export interface SyncLoop {
  stop(): void
}

/** Opens its sockets, which may throw KernelError, and starts. `log` hears of messages that were dropped. */
export function startSyncLoop(table: PinnedTable, daemon: SyncDaemon, log: (text: string) => void): SyncLoop {
  using route = new RouteSocket()
  const ifindex = linkIndex(route, daemon.interface)
  const group = { address: daemon.group, port: daemon.port, ifindex }
  if (daemon.role === 'backup') return new BackupLoop(table, daemon, new GroupReceiver(group, daemon.maxLength), log)
  const [source] = addresses(route, { family: 4, link: ifindex })
  return new MasterLoop(table, daemon, new GroupSender(group, daemon.ttl, source?.address))
}

class MasterLoop implements SyncLoop {
  readonly #table: PinnedTable
  readonly #daemon: SyncDaemon
  readonly #socket: GroupSender
  #timer: NodeJS.Timeout
  #seen: number
  #messages: Iterator<Uint8Array> | undefined
  /** Made, but not sent: the queue was full. */
  #pending: Uint8Array | undefined

  constructor(table: PinnedTable, daemon: SyncDaemon, socket: GroupSender) {
    this.#table = table
    this.#daemon = daemon
    this.#socket = socket
    this.#seen = table.syncsDue
    table.noteForSync(true)
    this.#timer = setTimeout(() => this.#look(), 0)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#table.noteForSync(false)
    this.#socket.close()
  }

  #look(): void {
    const due = this.#table.syncsDue
    if (this.#messages === undefined && due !== this.#seen) {
      this.#seen = due
      const { syncId, maxLength } = this.#daemon
      const options = { version: this.#table.syncVersion, syncId, maxLength }
      this.#messages = encodeSyncMessages(this.#table.dueConnections(), options)
    }
    this.#timer = setTimeout(() => this.#look(), this.#send() ? LOOK_EVERY_MS : SEND_AGAIN_MS)
  }

  /** False if there is more than the socket takes now. */
  #send(): boolean {
    for (;;) {
      this.#pending ??= this.#next()
      if (this.#pending === undefined) return true
      if (!this.#socket.send(this.#pending)) return false
      this.#pending = undefined
    }
  }

  #next(): Uint8Array | undefined {
    const next = this.#messages?.next()
    if (next === undefined || next.done === true) {
      this.#messages = undefined
      return undefined
    }
    return next.value
  }
}

class BackupLoop implements SyncLoop {
  readonly #table: PinnedTable
  readonly #daemon: SyncDaemon
  readonly #socket: GroupReceiver
  readonly #poller: Poller = new Poller()
  readonly #drops: Map<string, number> = new Map()
  readonly #log: (text: string) => void
  readonly #reporter: NodeJS.Timeout

  constructor(table: PinnedTable, daemon: SyncDaemon, socket: GroupReceiver, log: (text: string) => void) {
    this.#table = table
    this.#daemon = daemon
    this.#socket = socket
    this.#log = log
    this.#poller.watch(socket.fd, () => this.#hear())
    this.#reporter = setInterval(() => this.#report(), TABLE_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#reporter)
    this.#poller.close()
    this.#socket.close()
    this.#report()
  }

  #hear(): void {
    for (let bytes = this.#socket.receive(); bytes !== undefined; bytes = this.#socket.receive()) {
      const decoded = decodeSyncMessage(bytes)
      if (!decoded.ok) {
        this.#drop(decoded.drop)
        continue
      }
      const { syncId, connections, rest } = decoded.value
      // Whoever names no id hears all of them.
      if (this.#daemon.syncId !== 0 && syncId !== this.#daemon.syncId) continue
      this.#table.enterSynced(connections, why => this.#drop(why))
      if (rest !== undefined) this.#drop(rest)
    }
  }

  #drop(why: string): void {
    this.#drops.set(why, (this.#drops.get(why) ?? 0) + 1)
  }

  #report(): void {
    if (this.#drops.size === 0) return
    const counts = [...this.#drops].map(([why, count]) => `${why} ${count}`)
    this.#drops.clear()
    this.#log(`dropped of what other directors told: ${counts.join(', ')}`)
  }
}
