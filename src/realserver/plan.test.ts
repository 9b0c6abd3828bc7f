import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Ip, ip } from '../bytes/address.ts'
import { judge } from './judge.ts'
import { type Memory, NOTHING_REMEMBERED } from './memory.ts'
import { hostPrefix, type Observation } from './observation.ts'
import type { Operation, Plan } from './operation.ts'
import { planStart } from './start.ts'
import { planStop } from './stop.ts'
import { SUPPRESSIONS } from './suppression.ts'

const VIP = ip('192.168.41.249')
const OTHER = ip('192.168.41.250')
const VIP6 = ip('2001:db8::249')

const FRESH: Observation = {
  loopbackUp: true,
  addresses: [
    { interface: 'lo', address: ip('127.0.0.1'), prefix: 8 },
    { interface: 'eth0', address: ip('192.168.41.31'), prefix: 23 },
  ],
  loopbackRoutes: [],
  sysctls: Object.fromEntries(SUPPRESSIONS.map(({ name }) => [name, '0'])),
}

/** A kernel of one line each. It refuses what the real one would. */
function perform(observation: Observation, operation: Operation): Observation {
  const { addresses, loopbackRoutes, sysctls } = observation
  const isHeld = (held: { address: Ip; interface: string }) =>
    'address' in operation && held.interface === 'lo' && held.address === operation.address
  switch (operation.kind) {
    case 'sysctl':
      assert.ok(operation.name in sysctls)
      return { ...observation, sysctls: { ...sysctls, [operation.name]: operation.value } }
    case 'link':
      return { ...observation, loopbackUp: operation.up }
    case 'add-address': {
      assert.ok(!addresses.some(isHeld), 'EEXIST')
      const { address } = operation
      return { ...observation, addresses: [...addresses, { interface: 'lo', address, prefix: hostPrefix(address) }] }
    }
    case 'delete-address':
      assert.ok(addresses.some(isHeld), 'EADDRNOTAVAIL')
      return { ...observation, addresses: addresses.filter(held => !isHeld(held)) }
    case 'add-route':
      assert.ok(!loopbackRoutes.includes(operation.address), 'EEXIST')
      return { ...observation, loopbackRoutes: [...loopbackRoutes, operation.address] }
    case 'delete-route':
      assert.ok(loopbackRoutes.includes(operation.address), 'ESRCH')
      return { ...observation, loopbackRoutes: loopbackRoutes.filter(address => address !== operation.address) }
  }
}

interface Host {
  readonly observation: Observation
  readonly memory: Memory
}

function carryOut(host: Host, plan: Plan): Host {
  return { observation: plan.operations.reduce(perform, host.observation), memory: plan.memory }
}
const start = (host: Host, ...addresses: Ip[]) => carryOut(host, planStart(addresses, host.observation, host.memory))
const stop = (host: Host, ...addresses: Ip[]) =>
  carryOut(host, planStop(addresses.length === 0 ? undefined : addresses, host.observation, host.memory))
const fresh: Host = { observation: FRESH, memory: NOTHING_REMEMBERED }

test('start suppresses ARP before the address is there, stop in the other order', () => {
  const { operations } = planStart([VIP], FRESH, NOTHING_REMEMBERED)
  assert.deepEqual(
    operations.map(({ kind }) => kind),
    ['sysctl', 'sysctl', 'sysctl', 'sysctl', 'add-address', 'add-route'],
  )
  const running = start(fresh, VIP)
  const kinds = planStop(undefined, running.observation, running.memory).operations.map(({ kind }) => kind)
  assert.deepEqual(kinds, ['delete-route', 'delete-address', 'sysctl', 'sysctl', 'sysctl', 'sysctl'])
})

test('start on a host that serves already does nothing, and forgets nothing', () => {
  const running = start(fresh, VIP)
  const again = planStart([VIP], running.observation, running.memory)
  assert.deepEqual(again, { memory: running.memory, operations: [], remarks: [] })
})

test('stop of one address leaves the other and the suppression that it needs', () => {
  const both = start(start(fresh, VIP), OTHER)
  const one = stop(both, VIP)
  assert.deepEqual(judge([OTHER], one.observation), judge([OTHER], start(fresh, OTHER).observation))
  assert.deepEqual(stop(one, OTHER).observation, FRESH)
})

test('the last IPv4 address takes the suppression with it, though an IPv6 address stays', () => {
  const { observation } = stop(start(fresh, VIP, VIP6), VIP)
  assert.deepEqual(observation.sysctls, FRESH.sysctls)
})

test('an IPv6 address needs no suppression', () => {
  assert.deepEqual(start(fresh, VIP6).observation.sysctls, FRESH.sysctls)
})

test('what an administrator had put there stays: address, route, stricter suppression', () => {
  const observation: Observation = {
    ...FRESH,
    addresses: [...FRESH.addresses, { interface: 'lo', address: VIP, prefix: 32 }],
    loopbackRoutes: [VIP],
    sysctls: { ...FRESH.sysctls, 'net.ipv4.conf.all.arp_ignore': '2' },
  }
  const running = start({ observation, memory: NOTHING_REMEMBERED }, VIP)
  assert.equal(running.observation.sysctls['net.ipv4.conf.all.arp_ignore'], '2')
  assert.deepEqual(stop(running).observation, observation)
})

test('a value that somebody has changed since is left, and said', () => {
  const running = start(fresh, VIP)
  const sysctls = { ...running.observation.sysctls, 'net.ipv4.conf.all.arp_ignore': '8' }
  const plan = planStop(undefined, { ...running.observation, sysctls }, running.memory)
  assert.ok(
    !plan.operations.some(operation => operation.kind === 'sysctl' && operation.name.includes('all.arp_ignore')),
  )
  assert.deepEqual(plan.remarks, [
    'net.ipv4.conf.all.arp_ignore was changed by somebody else since, and is left so; it was 0 before',
  ])
})

test('stop of an address that is not served changes nothing and says so', () => {
  const plan = planStop([VIP], FRESH, NOTHING_REMEMBERED)
  assert.deepEqual(plan.operations, [])
  assert.deepEqual(plan.remarks, ['192.168.41.249 is not served here: nothing to do'])
})

test('any starts and stops, then stop, and everything is as it was', () => {
  const vip = fc.constantFrom(VIP, OTHER, VIP6)
  const acts = fc.array(fc.record({ verb: fc.constantFrom('start', 'stop'), address: vip }), { maxLength: 12 })
  const world = fc.record({
    loopbackUp: fc.boolean(),
    held: fc.uniqueArray(vip),
    routes: fc.uniqueArray(vip),
    values: fc.array(fc.constantFrom('0', '1', '2'), { minLength: 4, maxLength: 4 }),
  })
  fc.assert(
    fc.property(world, acts, ({ loopbackUp, held, routes, values }, sequence) => {
      const lo = held.map(address => ({ interface: 'lo', address, prefix: hostPrefix(address) }))
      const before: Observation = {
        // An address of somebody else's on a loopback that is down could not be told from one in use.
        loopbackUp: loopbackUp || held.length > 0,
        addresses: [...FRESH.addresses, ...lo],
        loopbackRoutes: routes,
        sysctls: Object.fromEntries(SUPPRESSIONS.map(({ name }, i) => [name, values[i]!])),
      }
      let host: Host = { observation: before, memory: NOTHING_REMEMBERED }
      for (const { verb, address } of sequence) host = verb === 'start' ? start(host, address) : stop(host, address)
      for (const finding of judge(
        host.memory.addresses.map(({ address }) => address),
        host.observation,
      ))
        assert.ok(finding.sound, finding.text)
      const after = stop(host)
      assert.deepEqual(after.observation, before)
      assert.deepEqual(after.memory, NOTHING_REMEMBERED)
    }),
  )
})

test('judge() names each wrong with its remedy', () => {
  const observation: Observation = {
    ...FRESH,
    addresses: [
      { interface: 'lo', address: VIP, prefix: 24 },
      { interface: 'eth0', address: VIP, prefix: 32 },
    ],
    sysctls: { ...FRESH.sysctls, 'net.ipv4.conf.all.arp_announce': '2' },
  }
  const wrongs = judge([VIP], observation).flatMap(({ sound, text }) => (sound ? [] : [text]))
  assert.deepEqual(wrongs, [
    '192.168.41.249 is not on lo as /32; sluice realserver start 192.168.41.249',
    '192.168.41.249 has no route to lo; sluice realserver start 192.168.41.249',
    '192.168.41.249 is on lo as /24, which makes the whole network local and unreachable; ip address del 192.168.41.249/24 dev lo',
    "192.168.41.249 is on eth0, which answers for it in the director's place; ip address del 192.168.41.249/32 dev eth0",
    'net.ipv4.conf.all.arp_ignore is 0, not 1: this host may answer ARP for the virtual address and take it from the director; sluice realserver start 192.168.41.249',
    'net.ipv4.conf.lo.arp_ignore is 0, not 1: this host may answer ARP for the virtual address and take it from the director; sluice realserver start 192.168.41.249',
    'net.ipv4.conf.lo.arp_announce is 0, not 2: this host may ask for neighbours in the name of the virtual address and take it from the director; sluice realserver start 192.168.41.249',
  ])
})
