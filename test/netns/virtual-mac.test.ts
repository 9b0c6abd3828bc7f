/** `use_vmac` on real frames: the address keeps its MAC whoever is active. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { findLink } from '../../src/kernel/link.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { instance, type Router, Routers, until, VIP } from './routers.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'
const MAC = '00:00:5e:00:01:33'

/** The MAC that answers for the address, as `other` learns it. */
function macSeenBy(other: Router): string | undefined {
  return inNamespace(other.namespace, () => {
    spawnSync('ip', ['neigh', 'flush', 'all'])
    spawnSync('bash', ['-c', `echo > /dev/udp/${VIP}/9; sleep 0.3`])
    const { stdout } = spawnSync('ip', ['neigh', 'show', VIP], { encoding: 'utf8' })
    return /lladdr (\S+)/.exec(stdout)?.[1]
  })
}

function device(router: Router): string | undefined {
  using route = new RouteSocket(router.namespace)
  return findLink(route, 'vrrp.51')?.mac
}

test('an instance with a virtual MAC answers with it, and the next one too', { skip }, async () => {
  await using routers = new Routers('vmac')
  const { a, b } = routers
  const virtual = (priority: number) =>
    instance(priority).replace('virtual_router_id', 'use_vmac\n    virtual_router_id')
  a.configure(virtual(100))
  b.configure(virtual(50))
  await routers.settle()
  assert.deepEqual([device(a), device(b)], [MAC, MAC])
  await until(
    () => macSeenBy(b) === MAC,
    'the virtual MAC answers',
    () => `${macSeenBy(b)}\n${a.log}`,
  )
  assert.equal(await a.end(), 0)
  assert.equal(device(a), undefined)
  await routers.onlyOn(b)
  await until(
    () => macSeenBy(a) === MAC,
    'the virtual MAC answers',
    () => `${macSeenBy(a)}\n${b.log}`,
  )
})
