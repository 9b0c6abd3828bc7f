import assert from 'node:assert/strict'
import { test } from 'node:test'
import { found, instanceWith, loadText, serviceWith } from './fixture.ts'

const ARTICLE = `virtual_server 192.168.41.249 80 {
delay_loop 6
lb_algo rr
lb_kind DR
protocol TCP
real_server 192.168.41.31 80 {
weight 1
TCP_CHECK{
connect_timeout 3
}
real_server 192.168.41.33 80 {
weight 1
TCP_CHECK{
connect_timeout 3
}
}
`

test('parse: a block left open is found by the first keyword that cannot be inside it', () => {
  const { diagnostics, sources } = loadText(ARTICLE)
  const [server, service] = diagnostics.filter(({ code }) => code === 'missing-brace')
  const place = (offset: number) => {
    const { line, column } = [...sources.values()][0]!.position(offset)
    return `${line}:${column}`
  }
  assert.equal(server?.message, 'real_server 192.168.41.31 80 is never closed')
  assert.equal(place(server.span.start), '11:1')
  assert.equal(place(server.notes[0]!.span.start), '6:30')
  assert.equal(server.help, 'add "}" before this real_server')
  assert.equal(service?.message, 'virtual_server 192.168.41.249 80 is never closed')
  assert.equal(place(service.span.start), '16:2')
  assert.equal(place(service.notes[0]!.span.start), '1:34')
})

test('parse: what stands behind a missing brace is read as if it were there', () => {
  const { configuration } = loadText(ARTICLE, { lenient: true })
  assert.deepEqual(
    configuration?.virtualServers[0]?.realServers.map(({ address, checkers }) => [address, checkers.length]),
    [
      ['192.168.41.31', 1],
      ['192.168.41.33', 1],
    ],
  )
})

for (const [what, text, expected] of [
  [
    'of an entry block',
    'vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\ntrack_interface {\neth1\n}\n}',
    ['missing-brace 6:1 "track_interface"'],
  ],
  [
    'of an entry block, before a plain keyword',
    'vrrp_instance A {\ninterface eth0\nvirtual_ipaddress {\n10.0.0.1\nvirtual_router_id 1\n}',
    ['missing-brace 5:1 "virtual_router_id"'],
  ],
  [
    'of an instance',
    'vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\nvrrp_instance B {\ninterface eth0\nvirtual_router_id 2\nvirtual_ipaddress { 10.0.0.2 }\n}',
    ['missing-brace 7:1 "vrrp_instance"'],
  ],
  [
    'of a check, before a word of the server',
    serviceWith('real_server 10.0.0.3 80 {', 'TCP_CHECK {', 'connect_timeout 3', 'weight 2', '}'),
    ['missing-brace 10:1 "weight"'],
  ],
  [
    'of two blocks at once',
    'vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\nvrrp_script x {\nscript /bin/true\n}',
    ['missing-brace 6:1 "vrrp_script"', 'missing-brace 6:1 "vrrp_script"'],
  ],
] as const) {
  test(`parse: the closing brace ${what} is missed where it is missing`, () =>
    assert.deepEqual(found(loadText(text)), expected))
}

for (const [what, text, expected] of [
  ['a keyword nobody knows', instanceWith('    priorty 150'), ['unknown-keyword 5:5 "priorty"']],
  [
    'a block nobody knows, but not what is inside',
    instanceWith('foo {', 'bar {', '}', 'priority', '}', 'priority 5'),
    ['unknown-keyword 5:1 "foo"'],
  ],
  [
    'a keyword of a block further out',
    serviceWith('real_server 10.0.0.3 80 {', 'TCP_CHECK {', 'protocol UDP', '}', '}'),
    ['misplaced-keyword 9:1 "protocol"'],
  ],
  ['a word of the past', serviceWith('nat_mask 255.255.255.0'), ['former-keyword 7:1 "nat_mask"']],
  ['a brace that closes nothing', '}', ['extra-brace 1:1 "}"']],
  [
    'a block without braces',
    'vrrp_sync_group G {\ngroup\n}',
    ['missing-block 2:1 "group"', 'small-sync-group 2:1 "group"'],
  ],
  [
    'an opening brace left out',
    'vrrp_instance A\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.1 }\n}',
    ['missing-open-brace 1:1 "vrrp_instance A"'],
  ],
  ['a brace behind a keyword without a block', instanceWith('priority 100 {', 'x', '}'), ['unexpected-brace 5:14 "{"']],
  ['a second keyword on the line', instanceWith('state BACKUP priority 7'), ['extra-words 5:14 "priority 7"']],
] as const) {
  test(`parse: complains of ${what}`, () => assert.deepEqual(found(loadText(text)), expected))
}

for (const [what, text] of [
  ['on a line of its own', 'vrrp_sync_group G\n{\ngroup\n{\nA\nB\n}\n}\n'],
  ['without blanks', 'vrrp_sync_group G{group{A B}}'],
] as const) {
  test(`parse: braces may stand ${what}`, () => {
    assert.deepEqual(
      found(loadText(text)).map(each => each.split(' ')[0]),
      ['unknown-name', 'unknown-name'],
    )
  })
}

test('parse: nesting has an end', () => {
  const codes = loadText('x {\n'.repeat(100_000)).diagnostics.map(({ code }) => code)
  assert.ok(codes.includes('nested-too-deep'))
  assert.ok(codes.length <= 201)
})
