/**
 * How long lists take on a table with a million connections, or as many as asked for:
 *
 *   npm run bench -- listing [CONNECTIONS]
 *
 * The entries are written into the table's memory; no packet is sent.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONNECTION, CONNECTION_BYTES, KIND, SETTINGS, SETTINGS_BYTES, STATE } from '../src/balancer/layout.ts'
import { Memory } from '../src/balancer/memory.ts'
import { ip } from '../src/bytes/address.ts'
import { mapMemory, openPinned, testRun } from '../src/kernel/bpf.ts'
import { bpfFilesystem } from '../src/kernel/bpf-filesystem.ts'
import { createNamespace, deleteNamespace, inNamespace, namespaceCookie } from '../src/kernel/namespace.ts'
import { openServiceTable, removeServiceTable } from '../src/kernel/service-table.ts'

const wanted = Number(process.argv[2] ?? 1_000_000)
const namespace = createNamespace(`sluice-bench-${process.pid}`)
const cookie = inNamespace(namespace, namespaceCookie)
try {
  const slots = 2 ** Math.ceil(Math.log2(wanted))
  inNamespace(namespace, () => fill(slots))
  for (const words of [['-v'], ['-Ln'], ['-Lnc'], ['-Lnc', '--json']]) await list(words)
} finally {
  inNamespace(namespace, () => removeServiceTable(cookie))
  deleteNamespace(namespace.name)
  namespace.close()
}

function fill(slots: number): void {
  using table = openServiceTable({ connections: slots })
  const key = { kind: 'address', protocol: 'TCP', address: ip('10.9.0.100'), port: 80 } as const
  const plain = { schedulerFlags: [], onePacket: false, persistence: undefined, persistenceEngine: undefined }
  table.addService({ key, scheduler: 'rr', ...plain })
  const rest = { weight: 1, upperThreshold: 0, lowerThreshold: 0 }
  table.addDestination(key, { address: ip('10.9.0.11'), port: 80, forwarding: { method: 'route' }, ...rest })
  const pinned = (name: string) => {
    const fd = openPinned(join(bpfFilesystem(), String(cookie), name))
    if (fd === undefined) throw new Error(`${name} is not pinned`)
    return fd
  }
  const mapped = (name: string, bytes: number) => new Memory(mapMemory(pinned(name), bytes).bytes)
  const entries = mapped('connections', slots * CONNECTION_BYTES)
  const now = testRun(pinned('clock'), new Uint8Array(64)).verdict
  for (let i = 0; i < wanted; i++) {
    const at = i * CONNECTION_BYTES
    entries.set(at, [CONNECTION.client[0], 'be32'], 0x0b00_0000 + i)
    entries.set(at, [CONNECTION.virtual[0], 'be32'], 0x0a09_0064)
    entries.set(at, CONNECTION.state, STATE.ESTABLISHED)
    entries.set(at, CONNECTION.stamp, now)
    entries.set(at, CONNECTION.timeout, 2 ** 30)
    entries.set(at, [CONNECTION.clientPort[0], 'be16'], 1024 + (i & 0x7fff))
    entries.set(at, [CONNECTION.virtualPort[0], 'be16'], 80)
    entries.set(at, CONNECTION.protocol, 6)
    entries.set(at, CONNECTION.kind, KIND.connection)
  }
  mapped('settings', SETTINGS_BYTES).set(0, SETTINGS.entries, wanted)
}

/** Reads all of it, and says when the first of it came, and how much memory it took. */
async function list(words: readonly string[]): Promise<void> {
  const before = performance.now()
  const child = inNamespace(namespace, () =>
    spawn(process.execPath, ['bin/sluice', 'ipvsadm', ...words], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  let first: number | undefined
  let bytes = 0
  let memory = 0
  child.stdout.on('data', (data: Buffer) => {
    first ??= performance.now() - before
    bytes += data.length
    memory = Math.max(memory, residentMiB(child.pid))
  })
  await once(child, 'close')
  const all = performance.now() - before
  const columns = [words.join(' ').padEnd(12), `first ${(first ?? all).toFixed(0)} ms`, `all ${all.toFixed(0)} ms`]
  console.log([...columns, `${(bytes / 1e6).toFixed(1)} MB`, `${memory} MiB resident`].join(', '))
}

/** With the table, which is mapped. */
function residentMiB(pid: number | undefined): number {
  try {
    const [, kib = '0'] = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kib) / 1024)
  } catch {
    return 0 // it has just ended
  }
}
