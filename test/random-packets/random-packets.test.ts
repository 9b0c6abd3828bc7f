/**
 * Random packets through the kernel and through the interpreter, over the same table: verdict, packet and every byte of
 * the table must be the same after each. Between packets the table ages, is swept, and is edited.
 *
 * PACKETS says how many in each world (400), PACKETS_SEED the seed (1), PACKETS_WORLD which world alone.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONNECTION, CONNECTION_BYTES, CONNECTION6_BYTES } from '../../src/balancer/layout.ts'
import { Memory } from '../../src/balancer/memory.ts'
import { SYSCTL_NAMES, SYSCTLS } from '../../src/balancer/sysctls.ts'
import { toHex } from '../../src/bytes/hex.ts'
import { setLink } from '../../src/kernel/link.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot, scratchNamespace } from '../../src/kernel/scratch-namespace.ts'
import { TableError } from '../../src/model/virtual-service.ts'
import { Random } from '../bpf/random.ts'
import { PacketSource } from './packets.ts'
import { surround } from './surroundings.ts'
import { Twins } from './twins.ts'
import { castOf, populate, WORLDS, type World } from './worlds.ts'

const PACKETS = Number(process.env.PACKETS ?? 400)
const SEED = Number(process.env.PACKETS_SEED ?? 1)

for (const world of WORLDS) {
  const skip = needsRoot || (process.env.PACKETS_WORLD ?? world.name) !== world.name
  test(`${world.name}: the kernel and the interpreter do the same with ${PACKETS} packets`, { skip }, t => {
    inNamespace(scratchNamespace(t, 'twins'), () => {
      using route = new RouteSocket()
      setLink(route, 'lo', { up: true })
      surround(route, castOf(world))
      const twins = new Twins()
      try {
        play(world, twins)
      } finally {
        twins.close()
      }
    })
  })
}

function play(world: World, twins: Twins): void {
  const random = new Random(SEED)
  twins.change(() => populate(twins, world))
  const source = new PacketSource(random, castOf(world))
  let changed = 0
  for (let i = 0; i < PACKETS; i++) {
    if (i % EPISODE === EPISODE - 1) startAnew(twins, world)
    if (random.oneIn(40)) age(twins, random)
    if (random.oneIn(150)) assert.deepEqual(twins.sweepBoth(), undefined, `sweep before packet ${i}, seed ${SEED}`)
    if (random.oneIn(60)) edit(twins, world, random)
    const frame = source.next()
    const made = twins.receive(frame)
    if (made === undefined) continue
    if (!(made instanceof Uint8Array))
      assert.fail(
        `packet ${i}, seed ${SEED}: ${made.what} differs\n frame       ${toHex(frame)}\n kernel      ${made.kernel}\n interpreter ${made.interpreter}`,
      )
    if (Buffer.compare(made, frame) !== 0) changed++
    source.remember(random.oneIn(2) ? made : frame)
  }
  // A table that nothing reaches would agree, too.
  assert.ok(changed > PACKETS / 10, `${changed} of ${PACKETS} packets came out other than they went in`)
}

/** After so many packets the table is as it was, which edits and clients had filled and emptied. */
const EPISODE = 2000

function startAnew(twins: Twins, world: World): void {
  twins.change(({ connections, connections6 }) => {
    for (const [bytes, size] of [
      [connections, CONNECTION_BYTES],
      [connections6, CONNECTION6_BYTES],
    ] as const) {
      const memory = new Memory(bytes)
      for (let entry = 0; entry < bytes.length; entry += size)
        memory.set(entry, CONNECTION.stamp, (memory.get(entry, CONNECTION.stamp) - 2 ** 30) >>> 0)
    }
    for (const name of SYSCTL_NAMES) twins.setSysctl(name, SYSCTLS[name].initial)
    // Templates go after their connections.
    for (let i = 0; i < 3; i++) twins.services()
    for (const { key, destinations } of world.services) {
      const present = twins.service(key)?.destinations ?? []
      for (const destination of destinations)
        if (present.some(each => each.address === destination.address)) twins.editDestination(key, destination)
        else twins.addDestination(key, destination)
    }
  })
}

/** Lets time pass for one connection. */
function age(twins: Twins, random: Random): void {
  twins.change(({ connections, connections6 }) => {
    const [bytes, size] = random.oneIn(2) ? [connections, CONNECTION_BYTES] : [connections6, CONNECTION6_BYTES]
    const memory = new Memory(bytes)
    const start = random.below(bytes.length / size)
    for (let i = 0; i < bytes.length / size; i++) {
      const entry = ((start + i) % (bytes.length / size)) * size
      if (memory.getWide(entry, CONNECTION.key) === 0n) continue
      const past = random.pick([10, 300, 20_000, 1_000_000])
      memory.set(entry, CONNECTION.stamp, (memory.get(entry, CONNECTION.stamp) - past) >>> 0)
      return
    }
  })
}

function edit(twins: Twins, world: World, random: Random): void {
  twins.change(() => {
    const service = random.pick(world.services)
    const destination = random.pick(service.destinations)
    try {
      switch (random.below(5)) {
        case 0:
          twins.deleteDestination(service.key, destination.address, destination.port)
          break
        case 1:
          twins.addDestination(service.key, destination)
          break
        case 2:
          twins.editDestination(service.key, { ...destination, weight: random.below(4) })
          break
        case 3:
          twins.editDestination(service.key, { ...destination, upperThreshold: random.below(6) })
          break
        case 4: {
          const name = random.pick(SYSCTL_NAMES)
          twins.setSysctl(
            name,
            random.oneIn(2) ? SYSCTLS[name].initial : random.below(Math.min(4, SYSCTLS[name].max + 1)),
          )
          break
        }
      }
    } catch (error) {
      if (!(error instanceof TableError)) throw error
    }
  })
}
