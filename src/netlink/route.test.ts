import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ip } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import { decodeRoute, encodeRoute, encodeRouteDeletion, type RouteChange } from './route.ts'

const destination = ip('10.8.0.0')
const gateway = ip('10.0.0.1')

for (const [what, route, wire] of [
  ['the default route', { gateway }, '02 00 00 00 fe 03 00 01 00000000 0800 0500 0a000001 0800 0f00 fe000000'],
  [
    'a route to the segment: link scope',
    { destination, prefix: 16, ifindex: 2 },
    '02 10 00 00 fe 03 fd 01 00000000 0800 0100 0a080000 0800 0400 02000000 0800 0f00 fe000000',
  ],
  [
    'a local route in a table with a large number: host scope',
    { destination, type: 'local', ifindex: 1, table: 1000 },
    '02 20 00 00 00 03 fe 02 00000000 0800 0100 0a080000 0800 0400 01000000 0800 0f00 e8030000',
  ],
  [
    'a metric, a source and a gateway that is on the segment because we say so',
    { gateway, ifindex: 2, metric: 9, source: ip('10.1.1.1'), onLink: true, protocol: 18 },
    `02 00 00 00 fe 12 00 01 04000000 0800 0500 0a000001 0800 0400 02000000
     0800 0f00 fe000000 0800 0600 09000000 0800 0700 0a010101`,
  ],
  [
    'several next hops',
    {
      destination,
      nextHops: [
        { gateway, ifindex: 2, weight: 1 },
        { gateway: undefined, ifindex: 3, weight: 256 },
      ],
    },
    `02 20 00 00 fe 03 00 01 00000000 0800 0100 0a080000
     1c00 0900  1000 00 00 02000000 0800 0500 0a000001  0800 00 ff 03000000
     0800 0f00 fe000000`,
  ],
  [
    'an IPv6 default route',
    { family: 6, ifindex: 2 },
    '0a 00 00 00 fe 03 00 01 00000000 0800 0400 02000000 0800 0f00 fe000000',
  ],
] as const satisfies readonly (readonly [string, RouteChange, string])[]) {
  test(`encodeRoute() writes ${what}`, () => assert.deepEqual(encodeRoute(route), hex(wire)))
}

test('encodeRouteDeletion() means a route of any scope', () => {
  assert.equal(encodeRouteDeletion({ destination })[6], 255)
  assert.equal(encodeRouteDeletion({ destination, scope: 'host' })[6], 254)
})

test('decodeRoute() reads what encodeRoute() writes', () => {
  const nextHops = [
    { gateway, ifindex: 2, weight: 1 },
    { gateway: undefined, ifindex: 3, weight: 7 },
  ]
  const route = { destination, prefix: 16, nextHops, table: 1000, metric: 5, source: ip('10.1.1.1'), protocol: 18 }
  assert.deepEqual(decodeRoute(encodeRoute(route)), {
    ...route,
    family: 4,
    type: 'unicast',
    scope: 'global',
    gateway: undefined,
    ifindex: undefined,
  })
})

test('decodeRoute() of anything else is undefined, and nothing throws', () => {
  assert.equal(decodeRoute(hex('80 00 00 00 fe 03 00 01 00000000')), undefined)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 128 }), bytes => void decodeRoute(bytes)))
})
