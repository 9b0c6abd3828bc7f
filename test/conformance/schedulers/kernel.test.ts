/**
 * The kernel takes the program of every scheduler, alone, with a long list, and all of them together; and what it runs
 * chooses as the real ip_vs did. Packets are handed to the program by test runs: there is no wire.
 */
import assert from 'node:assert/strict'
import { closeSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ip } from '../../../src/bytes/address.ts'
import { openPinned, testRun } from '../../../src/kernel/bpf.ts'
import { bpfFilesystem } from '../../../src/kernel/bpf-filesystem.ts'
import { inNamespace, namespaceCookie } from '../../../src/kernel/namespace.ts'
import { needsRoot, scratchNamespace } from '../../../src/kernel/scratch-namespace.ts'
import { openServiceTable, type PinnedTable, removeServiceTable } from '../../../src/kernel/service-table.ts'
import { SCHEDULERS, type Scheduler, type ServiceKey } from '../../../src/model/service.ts'
import { replay } from './replay.ts'
import type { Answers, Scenario } from './scenario.ts'

const RECORDED: readonly (Scenario & { readonly answers: Answers })[] = JSON.parse(
  readFileSync(new URL('recorded.json', import.meta.url), 'utf8'),
)
/** Time is the kernel's own here: what waits for a connection to go is left to the interpreter. */
const TIMELESS = RECORDED.filter(
  ({ steps, address }) => address !== 'marked' && !steps.some(step => step.startsWith('close')),
)

test('the kernel runs every scheduler as ip_vs did', { skip: needsRoot, timeout: 300_000 }, t => {
  inTable(t, (table, receive) => {
    for (const { answers, ...scenario } of TIMELESS) {
      const told = replay(scenario, {
        table,
        receive,
        tells: false,
        elapse: () => assert.fail('time cannot be made to pass'),
      })
      assert.deepEqual(told, answers, scenario.name)
    }
  })
})

test('the verifier takes a list of 512 servers with every scheduler', { skip: needsRoot, timeout: 300_000 }, t => {
  inTable(t, table => {
    for (const [i, scheduler] of SCHEDULERS.entries()) fill(table, keyOf(i), scheduler, i === 0 ? 512 : 1)
    assert.equal(table.services().length, SCHEDULERS.length)
  })
})

for (const scheduler of SCHEDULERS) {
  test(`the verifier takes ${scheduler} alone, with every flag`, { skip: needsRoot }, t => {
    inTable(t, table => {
      fill(table, keyOf(0), scheduler, 20)
      assert.equal(table.services()[0]?.scheduler, scheduler)
    })
  })
}

function keyOf(i: number): ServiceKey {
  return { kind: 'address', protocol: 'TCP', address: ip('10.1.0.100'), port: 2000 + i }
}

function fill(table: PinnedTable, key: ServiceKey, scheduler: Scheduler, servers: number): void {
  table.addService({
    key,
    scheduler,
    schedulerFlags: ['flag-1', 'flag-2'],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  for (let i = 0; i < servers; i++)
    table.addDestination(key, {
      address: ip(`10.1.${1 + (i >> 8)}.${i & 255}`),
      port: 80,
      forwarding: { method: 'route' },
      weight: 1 + i,
      upperThreshold: 1000,
      lowerThreshold: 0,
    })
}

/** A table of a namespace of its own, and the program that works on it. */
function inTable(
  t: Parameters<typeof scratchNamespace>[0],
  work: (table: PinnedTable, receive: (frame: Uint8Array) => undefined) => void,
): void {
  const namespace = scratchNamespace(t, 'table')
  inNamespace(namespace, () => {
    const cookie = namespaceCookie()
    t.after(() => removeServiceTable(cookie))
    using table = openServiceTable({ connections: 1 << 14 })
    const program = openPinned(join(bpfFilesystem(), String(cookie), 'dispatch'))
    assert.ok(program !== undefined)
    try {
      work(table, frame => {
        // A test run is as if on loopback, whose hardware address is zero.
        const mine = frame.slice()
        mine.fill(0, 0, 6)
        testRun(program, mine)
      })
    } finally {
      closeSync(program)
    }
  })
}
