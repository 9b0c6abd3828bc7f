import { ipFamily } from '../bytes/address.ts'
import { BfdListener, BfdSender } from '../kernel/bfd-socket.ts'
import { Poller } from '../kernel/poller.ts'
import type { BfdInstance } from '../model/bfd-instance.ts'
import { BFD_MULTIHOP_PORT, BFD_PORT } from '../wire/bfd.ts'
import type { BfdNetwork, HeardBfd } from './bfd-network.ts'

/** The sockets of BFD: one for each family and port to hear with, one for each session to speak with. */
export class KernelBfd implements BfdNetwork {
  readonly #heard: HeardBfd
  readonly #poller = new Poller()
  /** By family and port. */
  readonly #listeners = new Map<string, BfdListener>()
  readonly #senders = new Map<string, BfdSender>()

  constructor(heard: HeardBfd) {
    this.#heard = heard
  }

  listen(instances: readonly BfdInstance[]): void {
    const wanted = new Map(instances.map(instance => [listenerKey(instance), instance]))
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue
      this.#poller.unwatch(listener.fd)
      listener.close()
      this.#listeners.delete(key)
    }
    for (const [key, instance] of wanted) {
      if (this.#listeners.has(key)) continue
      const { multihop } = instance
      const listener = new BfdListener(ipFamily(instance.neighbour), portOf(instance))
      this.#listeners.set(key, listener)
      this.#poller.watch(listener.fd, () => {
        for (let one = listener.receive(); one !== undefined; one = listener.receive())
          this.#heard(one.bytes, { source: one.source, destination: one.destination, ttl: one.ttl, multihop })
      })
    }
  }

  send(instance: BfdInstance, bytes: Uint8Array): void {
    const { name, neighbour, source, ttl } = instance
    let sender = this.#senders.get(name)
    if (sender === undefined) {
      sender = new BfdSender(neighbour, portOf(instance), source, ttl, Math.random)
      this.#senders.set(name, sender)
    }
    sender.send(bytes)
  }

  forget(name: string): void {
    this.#senders.get(name)?.close()
    this.#senders.delete(name)
  }

  close(): void {
    this.#poller.close()
    for (const listener of this.#listeners.values()) listener.close()
    for (const sender of this.#senders.values()) sender.close()
    this.#listeners.clear()
    this.#senders.clear()
  }
}

function portOf({ multihop }: BfdInstance): number {
  return multihop ? BFD_MULTIHOP_PORT : BFD_PORT
}

function listenerKey(instance: BfdInstance): string {
  return `IPv${ipFamily(instance.neighbour)} ${portOf(instance)}`
}
