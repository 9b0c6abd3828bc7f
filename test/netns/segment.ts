/** A switch with hosts on it, in namespaces of their own: what the tests of the data path build their networks from. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { type Ip, type IpFamily, ipFamily } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { createBridge, createVeth, setLink } from '../../src/kernel/link.ts'
import { inNamespace, type Namespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { setOffloads } from '../../src/kernel/offload.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { scratchNamespace } from '../../src/kernel/scratch-namespace.ts'
import { openServiceTable, type PinnedTable, removeServiceTable } from '../../src/kernel/service-table.ts'

export class Segment {
  readonly #t: TestContext
  readonly #switch: Namespace
  #ports = 0

  constructor(t: TestContext) {
    this.#t = t
    this.#switch = scratchNamespace(t, 'switch')
    using route = new RouteSocket(this.#switch)
    createBridge(route, { name: 'br0', up: true })
  }

  /** A host with loopback up. */
  host(name: string): Namespace {
    const namespace = scratchNamespace(this.#t, name)
    using route = new RouteSocket(namespace)
    setLink(route, 'lo', { up: true })
    return namespace
  }

  /** Gives a host an interface on this segment; the first address of a family has the segment's prefix, others are its own. */
  plug(namespace: Namespace, name: string, ...addresses: readonly Ip[]): void {
    const port = `port${this.#ports++}`
    using ports = new RouteSocket(this.#switch)
    createVeth(ports, { name: port, up: true }, { name, namespace, up: true })
    setLink(ports, port, { master: 'br0' })
    using route = new RouteSocket(namespace)
    const families = new Set<IpFamily>()
    for (const address of addresses) {
      const family = ipFamily(address)
      addAddress(route, name, { address, prefix: hostPrefix(address, !families.has(family)) })
      families.add(family)
    }
  }

  /**
   * From now on, the switch takes frames that XDP sends, which a veth does only if it receives in lots; and what it makes of
   * a lot has whole checksums again.
   */
  takeXdp(): void {
    inNamespace(this.#switch, () => {
      for (let i = 0; i < this.#ports; i++) setOffloads(`port${i}`, { genericReceive: true, transmitChecksum: false })
    })
  }
}

/** As between real cards: what a host sends there has whole checksums. */
export function wireLike(host: Namespace, ...names: readonly string[]): void {
  inNamespace(host, () => {
    for (const name of names) setOffloads(name, { transmitChecksum: false })
  })
}

function hostPrefix(address: Ip, first: boolean): number {
  if (address.includes(':')) return first ? 64 : 128
  return first ? 24 : 32
}

/** What `work` does with the service table of a namespace, which goes when the test ends. */
export function withTable<T>(t: TestContext, namespace: Namespace, work: (table: PinnedTable) => T): T {
  const cookie = inNamespace(namespace, namespaceCookie)
  t.after(() => removeServiceTable(cookie))
  return inNamespace(namespace, () => {
    using table = openServiceTable()
    return work(table)
  })
}

/** A program of Node in a namespace, killed when the test ends. */
export function program(t: TestContext, namespace: Namespace, text: string): ChildProcess {
  const child = inNamespace(namespace, () =>
    spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** A web server that answers with its name, and with as many bytes more as the path says. Resolves when it listens. */
export async function webServer(t: TestContext, namespace: Namespace, name: string, port: number): Promise<void> {
  const child = program(
    t,
    namespace,
    `require('http').createServer((question, answer) => {
      question.resume()
      question.on('end', () => answer.end('${name}'.padEnd(Number(question.url.slice(1)) || 0, '.')))
    }).listen(${port}, '::', () => console.log('ready'))`,
  )
  await once(child.stdout!, 'data')
}

/** The first word of the answers to so many requests, each over a connection of its own, with so many bytes each way. */
export async function ask(t: TestContext, client: Namespace, url: string, count: number, bytes = 0): Promise<string[]> {
  const child = program(
    t,
    client,
    `(async () => {
      for (let i = 0; i < ${count}; i++) {
        const request = { method: 'POST', body: 'x'.repeat(${bytes}), headers: { connection: 'close' }, signal: AbortSignal.timeout(8000) }
        const answer = await fetch('${url}/${bytes}', request).then(answer => answer.text(), error => error.cause?.code ?? error.message)
        console.log(answer.split('.')[0], answer.length)
      }
    })()`,
  )
  let output = ''
  child.stdout!.on('data', data => {
    output += data
  })
  await once(child, 'close')
  return output.trim().split('\n')
}
