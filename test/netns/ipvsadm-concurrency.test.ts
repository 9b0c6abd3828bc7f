/** Many ipvsadm at once on one table, one of them killed in the middle: every edit is whole, and none is lost. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inNamespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { needsRoot, scratchNamespace } from '../../src/kernel/scratch-namespace.ts'
import { openServiceTable, type PinnedTable, removeServiceTable } from '../../src/kernel/service-table.ts'

const SLUICE = fileURLToPath(new URL('../../bin/sluice', import.meta.url))
const WRITERS = 4
const SERVICES = 60
const SERVERS = 8

test('many write at once, one is killed, and others read', { skip: needsRoot, timeout: 120_000 }, async t => {
  const namespace = scratchNamespace(t, 'concurrency')
  const cookie = inNamespace(namespace, namespaceCookie)
  t.after(() => removeServiceTable(cookie))
  const table = inNamespace(namespace, () => openServiceTable())
  t.after(() => table.close())
  const restore = (writer: number, text: string) => {
    const child = inNamespace(namespace, () =>
      spawn(process.execPath, [SLUICE, 'ipvsadm', '-R'], { stdio: ['pipe', 'ignore', 'pipe'] }),
    )
    t.after(() => child.kill('SIGKILL'))
    child.stdin.on('error', () => {}) // whoever was killed does not read
    child.stdin.end(text)
    child.stderr.on('data', data => assert.fail(`writer ${writer}: ${data}`))
    return child
  }
  // Writer 0 goes on and on, adding and deleting, until it is killed.
  const endless = restore(
    0,
    `${rules(0)}${Array(2000)
      .fill(`-D ${nameOf(0, 0)}\n${rulesOf(0, 0)}`)
      .join('')}`,
  )
  const writers = Array.from({ length: WRITERS }, (_, i) => restore(1 + i, rules(1 + i)))
  const statuses = Promise.all(writers.map(ended))
  let reads = 0
  const read = async (until: () => boolean) => {
    for (; !until(); reads++) {
      judge(inNamespace(namespace, () => table.services()))
      await sleep(1)
    }
  }
  const seen = () => inNamespace(namespace, () => table.service(keyOf(0, 0))) !== undefined
  await read(seen)
  await read(
    (
      (n: number) => () =>
        n-- === 0
    )(50),
  )
  endless.kill('SIGKILL')
  await ended(endless)
  let done = false
  void statuses.then(() => {
    done = true
  })
  await read(() => done)
  assert.deepEqual(await statuses, Array(WRITERS).fill(0))
  assert.ok(reads > 50)
  const services = inNamespace(namespace, () => table.services())
  for (let writer = 1; writer <= WRITERS; writer++)
    for (let service = 0; service < SERVICES; service++) {
      const found = services.find(({ key }) => JSON.stringify(key) === JSON.stringify(keyOf(writer, service)))
      assert.equal(found?.destinations.length, SERVERS, `service ${service} of writer ${writer}`)
    }
  // The table is as good as ever to whoever comes next.
  assert.equal(await ended(restore(9, `-C\n${rules(9)}`)), 0)
  assert.equal(inNamespace(namespace, () => table.services()).length, SERVICES)
})

/** Whatever is listed of a service is what some edits of its writer, in their order, have made. */
function judge(services: ReturnType<PinnedTable['services']>): void {
  for (const { key, scheduler, persistence, destinations } of services) {
    assert.ok(key.kind === 'address')
    const [, writer, service] = key.address.split('.').map(Number) as [number, number, number]
    assert.deepEqual([scheduler, persistence?.timeoutS, key.port], ['wlc', 100 + service, 80])
    const expected = Array.from(
      { length: destinations.length },
      (_, i) => `172.${writer}.${service}.${1 + i}:8080 ${1 + i}`,
    )
    const listed = destinations.map(({ address, port, weight }) => `${address}:${port} ${weight}`)
    assert.deepEqual(listed.toReversed(), expected)
  }
}

function rules(writer: number): string {
  return Array.from({ length: SERVICES }, (_, service) => rulesOf(writer, service)).join('')
}

function rulesOf(writer: number, service: number): string {
  const name = nameOf(writer, service)
  const servers = Array.from({ length: SERVERS }, (_, i) => {
    return `-a ${name} -r 172.${writer}.${service}.${1 + i}:8080 -m -w ${1 + i}\n`
  })
  return `-A ${name} -s wlc -p ${100 + service}\n${servers.join('')}`
}

function nameOf(writer: number, service: number): string {
  return `-t 10.${writer}.${service}.1:80`
}

function keyOf(writer: number, service: number) {
  return { kind: 'address', protocol: 'TCP', address: `10.${writer}.${service}.1`, port: 80 } as Parameters<
    PinnedTable['service']
  >[0]
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}
