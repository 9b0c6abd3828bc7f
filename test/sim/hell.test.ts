/**
 * Packets from hell through the daemon's own loop: nobody changes his mind, and the log stays readable.
 * `HELL=100000` sends a million, as many to each of the ten routers.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import type { VrrpInstance } from '../../src/model/vrrp-instance.ts'
import { receivedIpv4 } from '../../src/vrrp/received.ts'
import { INSTANCE } from '../../src/vrrp/testdata/instance.ts'
import { drawHellish } from './hell.ts'
import { Machine } from './machine.ts'
import { Random } from './random.ts'

const packets = Number(process.env.HELL ?? 5000)
/** However many packets come: one line for each kind of them. */
const LINES_MAX = 40

const SIGNATURE = {
  keys: [{ id: 1, key: `hex:${'5a'.repeat(32)}` }],
  activeKey: 1,
  windowS: 5,
  mode: 'enforce',
} as const
const ROUTERS: Readonly<Record<string, VrrpInstance>> = {
  'without authentication': INSTANCE,
  'with a password': { ...INSTANCE, authentication: { type: 'pass', password: 'secret' } },
  'with an authentication header': { ...INSTANCE, authentication: { type: 'ah', password: 'secret' } },
  'with signatures': { ...INSTANCE, signature: SIGNATURE },
  'of version 3 with signatures': { ...INSTANCE, version: 3, signature: SIGNATURE },
}

for (const [name, instance] of Object.entries(ROUTERS)) {
  for (const state of ['BACKUP', 'MASTER'] as const) {
    test(`${packets} packets from hell do not move a router ${name} that is ${state}`, () => {
      let nowMs = 0
      const lines: string[] = []
      const notices: string[] = []
      const machine = router(instance, () => nowMs, lines, notices)
      machine.start()
      nowMs = state === 'MASTER' ? 10_000 : 10
      machine.wake()
      assert.equal(machine.instances[0]?.state, state)
      lines.length = 0
      notices.length = 0
      const deadline = machine.nextWakeAt
      const random = new Random(packets)
      for (let i = 0; i < packets; i++) {
        const received = receivedIpv4(drawHellish(random, instance, machine.wallClockMs))
        if (received.ok) machine.receive('eth0', received.value)
        else machine.unreadable('eth0', received.drop)
      }
      assert.deepEqual(notices, [])
      assert.equal(machine.instances[0]?.state, state)
      assert.ok(lines.length <= LINES_MAX, `${lines.length} lines:\n${lines.join('\n')}`)
      const { counts } = machine.instances[0]!
      assert.ok((counts.received ?? 0) > packets / 4, 'most of them get as far as to be judged')
      if (state === 'BACKUP') assert.equal(machine.nextWakeAt, deadline, 'the deadline stands')
    })
  }
}

function router(instance: VrrpInstance, now: () => number, lines: string[], notices: string[]): Machine {
  const clock = { offsetMs: 0, rate: 1 }
  const given = { name: 'r1', address: ip('10.0.0.5'), setup: { instances: [instance], groups: [] }, clock }
  const witness = {
    log: (text: string) => void lines.push(text),
    notice: ({ state }: { readonly state: string }) => void notices.push(state),
  }
  return new Machine(given, { send: () => {} }, now, witness)
}
