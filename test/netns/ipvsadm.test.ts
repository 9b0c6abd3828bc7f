/** Every recorded session with the real ipvsadm is played again on the kernel's own table; each answer must be the real one. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { createVeth, setLink } from '../../src/kernel/link.ts'
import { inNamespace, type Namespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot, scratchNamespace } from '../../src/kernel/scratch-namespace.ts'
import { openServiceTable, removeServiceTable } from '../../src/kernel/service-table.ts'
import type { ServiceTable } from '../../src/model/virtual-service.ts'
import { play, written } from '../conformance/ipvsadm/play.ts'
import { parseSessions } from '../conformance/ipvsadm/session.ts'

/** What docs/compatibility.md lists as not done; nothing can be said of the rest of a session then. */
const UNDONE = /sluice cannot do this yet|persistence engine not found/

const folder = new URL('../conformance/ipvsadm/sessions/', import.meta.url)

test('recorded sessions with the real ipvsadm', { skip: needsRoot, timeout: 300_000 }, async t => {
  const namespace = scratchNamespace(t, 'ipvsadm')
  plug(namespace)
  t.after(() => removeServiceTable(inNamespace(namespace, namespaceCookie)))
  const table = inNamespace(namespace, () => openServiceTable({ connections: 4096 }))
  t.after(() => table.close())
  const here = within(namespace, table)
  for (const file of readdirSync(folder).filter(name => name.endsWith('.txt'))) {
    for (const { title, exchanges } of parseSessions(readFileSync(new URL(file, folder), 'utf8'))) {
      await t.test(`${file}: ${title}`, async t => {
        clear(here)
        for (const { command, stdin, answer, difference } of exchanges) {
          const ours = await play(command, stdin, here)
          const real = written(command, answer)
          if (written(command, ours) !== real && UNDONE.test(ours.stderr))
            return t.skip(`up to ${command}: ${ours.stderr.trim()}`)
          if (difference === undefined) assert.equal(written(command, ours), real)
          else assert.notDeepEqual(ours, answer, `no longer different: ${command}`)
        }
      })
    }
  }
})

/** The interfaces that answer.sh makes. */
function plug(namespace: Namespace): void {
  using route = new RouteSocket(namespace)
  setLink(route, 'lo', { up: true })
  createVeth(route, { name: 'd0', up: true }, { name: 'd1', up: true })
  createVeth(route, { name: 'j0', up: true }, { name: 'j1', up: true })
  for (const name of ['j0', 'j1']) setLink(route, name, { mtu: 9000 })
  addAddress(route, 'd0', { address: ip('10.255.0.1'), prefix: 24 })
  addAddress(route, 'j0', { address: ip('10.255.1.1'), prefix: 24 })
}

/** As a new table. */
function clear(table: ServiceTable): void {
  table.flush()
  table.setTimeouts({ tcpS: 900, tcpFinS: 120, udpS: 300 })
  for (const { role, syncId } of table.syncDaemons()) table.stopSyncDaemon(role, syncId)
}

/** The table, each call of it made in the namespace. */
function within(namespace: Namespace, table: ServiceTable): ServiceTable {
  return new Proxy(table, {
    get: (_, name) => {
      const member: unknown = Reflect.get(table, name, table)
      if (typeof member !== 'function') return member
      return (...words: unknown[]) => inNamespace(namespace, () => Reflect.apply(member, table, words))
    },
  })
}
