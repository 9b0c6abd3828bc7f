import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readRoute, readRule } from './routing-words.ts'

const given = (value: object) => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined))

describe('readRoute()', () => {
  for (const [text, expected] of [
    [
      '10.5.0.0/24 via 10.0.0.1 dev eth1 metric 7',
      { destination: '10.5.0.0', prefix: 24, gateway: '10.0.0.1', interface: 'eth1', metric: 7 },
    ],
    ['default via 10.0.0.1 src 10.0.0.9 table 100', { prefix: 0, gateway: '10.0.0.1', source: '10.0.0.9', table: 100 }],
    ['blackhole 10.6.0.0/16', { destination: '10.6.0.0', prefix: 16, type: 'blackhole' }],
    ['to 10.7.0.1 dev eth0 scope link', { destination: '10.7.0.1', prefix: 32, interface: 'eth0', scope: 'link' }],
  ] as const)
    test(text, () => {
      const read = readRoute(text.split(' '), 4)
      const base = { family: 4, type: 'unicast', nextHops: [], table: 254, onLink: false }
      assert.ok('value' in read)
      assert.deepEqual(given(read.value), { ...base, ...expected })
    })

  test('several next hops', () => {
    const words = '10.8.0.0/24 nexthop via 10.0.0.1 weight 2 nexthop via 10.0.0.2 dev eth1'.split(' ')
    const read = readRoute(words, 4)
    assert.deepEqual('value' in read && read.value.nextHops, [
      { gateway: '10.0.0.1', interface: undefined, weight: 2 },
      { gateway: '10.0.0.2', interface: 'eth1', weight: 1 },
    ])
  })

  for (const [text, problem] of [
    ['10.0.0.0/33 dev eth0', '"10.0.0.0/33" is no network'],
    ['10.0.0.0/24 via', 'something is missing behind "via"'],
    ['10.0.0.0/24 mtu 1400', '"mtu" is no network'],
    ['10.0.0.0/24 metric x', '"x" is no number'],
  ] as const)
    test(`${text} is a problem`, () => assert.deepEqual(readRoute(text.split(' '), 4), { problem }))
})

test('readRule() reads sources, marks, tables and preferences', () => {
  const read = readRule('from 10.7.0.0/24 fwmark 0x10/0xff table 100 preference 500'.split(' '), 4, 16_384)
  assert.deepEqual('value' in read && given(read.value), {
    family: 4,
    priority: 500,
    table: 100,
    source: { address: '10.7.0.0', prefix: 24 },
    mark: { value: 16, mask: 255 },
  })
  const other = readRule(['to', 'all', 'iif', 'eth0', 'lookup', 'main'], 4, 16_384)
  assert.deepEqual('value' in other && given(other.value), {
    family: 4,
    priority: 16_384,
    table: 254,
    inputInterface: 'eth0',
  })
  assert.deepEqual(readRule(['from', 'all', 'blackhole'], 4, 1), {
    problem: 'sluice does not know "blackhole" of a rule',
  })
})
