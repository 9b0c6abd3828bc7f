import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVeth } from './link.ts'
import { inNamespace } from './namespace.ts'
import { RouteSocket } from './route-socket.ts'
import { needsRoot, scratchNamespace } from './scratch-namespace.ts'
import { readSysctl, writeSysctl } from './sysctl.ts'

const skip = needsRoot

test('readSysctl() reads a parameter without the end of its line', () => {
  assert.equal(readSysctl('kernel.ostype'), 'Linux')
})

test('writeSysctl() changes the parameter of one namespace', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  const name = 'net.ipv4.conf.lo.arp_ignore'
  const outside = readSysctl(name)
  inNamespace(namespace, () => {
    writeSysctl(name, 7)
    assert.equal(readSysctl(name), '7')
  })
  assert.equal(readSysctl(name), outside)
})

test('a slash is the dot of an interface name', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  using route = new RouteSocket(namespace)
  createVeth(route, { name: 'eth0.100' }, { name: 'far' })
  inNamespace(namespace, () => {
    writeSysctl('net.ipv4.conf.eth0/100.arp_announce', '2')
    assert.equal(readSysctl('net.ipv4.conf.eth0/100.arp_announce'), '2')
  })
})

test('a parameter that does not exist, a value that does not fit, a name that is none', { skip }, t => {
  const namespace = scratchNamespace(t, 'a')
  assert.throws(() => readSysctl('net.ipv4.nothing'), {
    message: 'cannot read the kernel parameter net.ipv4.nothing: No such file or directory (ENOENT)',
  })
  const write = () => inNamespace(namespace, () => writeSysctl('net.ipv4.conf.lo.arp_ignore', 'much'))
  assert.throws(write, { code: 'EINVAL' })
  assert.throws(() => readSysctl('net.//.//.//.//.etc.passwd'), RangeError)
})
