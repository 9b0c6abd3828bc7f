import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { links, setLink } from './link.ts'
import {
  createNamespace,
  currentNamespace,
  deleteNamespace,
  inNamespace,
  namespaceCookie,
  openNamespace,
} from './namespace.ts'
import { RouteSocket } from './route-socket.ts'
import { needsRoot, scratchNamespace } from './scratch-namespace.ts'

const skip = needsRoot
const here = () => readlinkSync('/proc/thread-self/ns/net')
const noIp = skip || (spawnSync('ip', ['-V']).error !== undefined && 'no ip command to compare with')

test('createNamespace() makes an empty namespace and comes back', { skip }, t => {
  const home = here()
  const namespace = scratchNamespace(t, 'a')
  assert.equal(here(), home)
  using route = new RouteSocket(namespace)
  assert.deepEqual(
    links(route).map(({ name, up }) => [name, up]),
    [['lo', false]],
  )
})

test('ip netns lists a namespace of ours and runs in it', { skip: noIp }, t => {
  const { name } = scratchNamespace(t, 'a')
  const list = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  assert.ok(
    list.stdout.split('\n').some(line => line.split(' ')[0] === name),
    list.stdout,
  )
  const run = spawnSync('ip', ['netns', 'exec', name, 'readlink', '/proc/self/ns/net'], { encoding: 'utf8' })
  const namespace = openNamespace(name)
  t.after(() => namespace.close())
  assert.equal(run.stdout.trim(), inNamespace(namespace, here))
})

test('ip netns add and ours share one directory', { skip: noIp }, t => {
  const name = `sluice-test-${process.pid}-ip`
  assert.equal(spawnSync('ip', ['netns', 'add', name]).status, 0)
  t.after(() => existsSync(`/run/netns/${name}`) && deleteNamespace(name))
  scratchNamespace(t, 'a')
  openNamespace(name).close()
  deleteNamespace(name)
  assert.equal(existsSync(`/run/netns/${name}`), false)
})

test('sockets and processes of a visit stay where they were made', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  const inside = inNamespace(namespace, here)
  assert.notEqual(inside, here())
  using route = inNamespace(namespace, () => new RouteSocket())
  setLink(route, 'lo', { up: true })
  assert.equal(links(route)[0]?.up, true)
  const child = inNamespace(namespace, () => spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }))
  assert.equal(child.stdout.trim(), inside)
})

test('inNamespace() comes back from a visit within a visit and from one that fails', { skip }, t => {
  const home = here()
  const [a, b] = [scratchNamespace(t, 'a'), scratchNamespace(t, 'b')]
  const inB = inNamespace(b, here)
  const [before, within, after] = inNamespace(a, () => [here(), inNamespace(b, here), here()])
  assert.equal(within, inB)
  assert.equal(before, after)
  const fail = () => {
    throw new Error('failed inside')
  }
  assert.throws(() => inNamespace(a, fail), /failed inside/)
  assert.equal(here(), home)
})

test('inNamespace() refuses work that would outlast the visit', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  assert.throws(() => inNamespace(namespace, () => Promise.resolve()), TypeError)
})

test('namespaceCookie() tells namespaces apart', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  const cookie = inNamespace(namespace, namespaceCookie)
  assert.equal(inNamespace(namespace, namespaceCookie), cookie)
  assert.notEqual(namespaceCookie(), cookie)
})

test('a name that is taken, or is none, is refused', { skip }, t => {
  const { name } = scratchNamespace(t, 'a')
  assert.throws(() => createNamespace(name), { code: 'EEXIST' })
  openNamespace(name).close()
  assert.throws(() => openNamespace(`${name}-none`), { code: 'ENOENT' })
  assert.throws(() => deleteNamespace(`${name}-none`), { code: 'ENOENT' })
  for (const bad of ['', '..', 'a/b']) assert.throws(() => createNamespace(bad), RangeError)
})

test('a namespace outlives its name while it is open', { skip }, t => {
  const namespace = createNamespace(`sluice-test-${process.pid}-nameless`)
  t.after(() => namespace.close())
  deleteNamespace(namespace.name)
  assert.notEqual(inNamespace(namespace, here), here())
  const home = currentNamespace()
  t.after(() => home.close())
  assert.equal(inNamespace(home, here), here())
})
