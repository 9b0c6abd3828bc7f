/** Routes, rules and addresses of the configuration in the kernel: with the active router, or for good. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { instance, type Router, Routers, until } from './routers.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'

/** What `ip` says of what is ours, a line each. */
function listed(router: Router): readonly string[] {
  const ip = (...words: readonly string[]) =>
    inNamespace(router.namespace, () => spawnSync('ip', words, { encoding: 'utf8' }).stdout).split('\n')
  const lines = [...ip('route', 'show', 'table', 'all', 'proto', 'keepalived'), ...ip('rule', 'show')]
  const ours = lines.filter(line => /proto keepalived|10\.\d/.test(line) && !/scope link src/.test(line))
  return ours.map(line => line.replaceAll(/\s+/g, ' ').replace(' proto keepalived', '').trim()).sort()
}

async function lists(router: Router, ...expected: readonly string[]): Promise<void> {
  const wanted = [...expected].sort().join('\n')
  await until(
    () => listed(router).join('\n') === wanted,
    `there is\n${wanted}`,
    () => `${listed(router).join('\n')}\n${router.log}`,
  )
}

test('virtual routes and rules are there while the router is active, static ones always; what is deleted is put back', {
  skip,
}, async () => {
  await using routers = new Routers('routing')
  const { a } = routers
  const always = `static_ipaddress { 10.1.0.1/24 dev eth0 }
static_routes { 10.9.0.0/24 via 10.1.0.2 }
`
  const active = `virtual_routes {
    10.5.0.0/24 via 192.168.41.1 dev eth0 metric 7
    blackhole 10.6.0.0/16
    10.7.0.0/24 dev eth0 table 100
  }
  virtual_rules { from 10.7.0.0/24 table 100 preference 500 }
  virtual_router_id 51`
  a.configure(always + instance(100).replace('virtual_router_id 51', active))
  const standing = '10.9.0.0/24 via 10.1.0.2 dev eth0'
  const all = [
    standing,
    '10.5.0.0/24 via 192.168.41.1 dev eth0 metric 7',
    'blackhole 10.6.0.0/16',
    '10.7.0.0/24 dev eth0 table 100 scope link',
    '500: from 10.7.0.0/24 lookup 100',
  ]
  a.runSluice()
  await lists(a, standing)
  await a.says(/Entering MASTER STATE/)
  await lists(a, ...all)

  inNamespace(a.namespace, () => spawnSync('ip', ['route', 'del', '10.5.0.0/24']))
  await lists(a, ...all)
  inNamespace(a.namespace, () => spawnSync('ip', ['rule', 'del', 'preference', '500']))
  await lists(a, ...all)
  // What is not ours stays whatever becomes of ours.
  inNamespace(a.namespace, () => spawnSync('ip', ['rule', 'add', 'from', '10.8.0.0/24', 'table', '100', 'pref', '501']))
  all.push('501: from 10.8.0.0/24 lookup 100')
  await lists(a, ...all)
  // A crash leaves everything, and the next daemon takes it over.
  await a.end('SIGKILL')
  await lists(a, ...all)
  a.runSluice()
  await a.says(/Entering MASTER STATE/)
  await lists(a, ...all)

  // With the link its routes go by themselves; back again they are there as soon as it is active.
  a.cable(false)
  await a.says(/Entering FAULT STATE/)
  a.cable(true)
  await a.says(/Entering FAULT STATE[\s\S]*Entering MASTER STATE/)
  await lists(a, ...all)
  assert.equal(await a.end(), 0)
  await lists(a, '501: from 10.8.0.0/24 lookup 100')
})
