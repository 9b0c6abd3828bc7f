import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as libc from './libc.ts'
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from './socket.ts'

test('call() passes a result on and throws what the kernel said of a failure', () => {
  assert.equal(libc.call('do nothing', 7), 7)
  const open = () => libc.call('open a socket', libc.socket(99, SOCK_DGRAM, 0))
  assert.throws(open, { message: 'cannot open a socket: Address family not supported by protocol (EAFNOSUPPORT)' })
})

test('attempt() makes a KernelError of what node throws', () => {
  const read = () => libc.attempt('read the file', () => readFileSync('/proc/nonexistent'))
  assert.throws(read, { name: 'KernelError', message: 'cannot read the file: No such file or directory (ENOENT)' })
})

test('attempt() leaves mistakes of ours as they are', () => {
  const mistake = new TypeError('mistake')
  const work = () => {
    throw mistake
  }
  assert.throws(() => libc.attempt('work', work), mistake)
})

test('addressOf() is where the bytes are, also within a larger buffer and of small arrays', () => {
  const small = new Uint8Array(8)
  assert.equal(libc.addressOf(small.subarray(3)), libc.addressOf(small) + 3n)
})

test('C writes into our bytes: a datagram comes out of the other end of a socket pair', t => {
  const fds = new Int32Array(2)
  libc.call('make a pair', libc.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds))
  t.after(() => fds.forEach(fd => void closeSync(fd)))
  assert.equal(libc.send(fds[0]!, Uint8Array.of(1, 2, 3), 3, 0), 3)
  const bytes = new Uint8Array(8)
  assert.equal(libc.recv(fds[1]!, bytes.subarray(2), 6, 0), 3)
  assert.deepEqual(bytes, Uint8Array.of(0, 0, 1, 2, 3, 0, 0, 0))
})

test('map() shares memory with a file until it is unmapped', t => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-map-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'file')
  writeFileSync(path, 'hello world')
  const fd = openSync(path, 'r+')
  t.after(() => closeSync(fd))
  const mapping = libc.map('map the file', fd, 11, libc.PROT_READ | libc.PROT_WRITE, libc.MAP_SHARED)
  assert.equal(Buffer.from(mapping.bytes.subarray(0, 5)).toString(), 'hello')
  mapping.bytes[0] = 'j'.charCodeAt(0)
  mapping.unmap()
  assert.equal(readFileSync(path, 'utf8'), 'jello world')
})

test('map() of what cannot be mapped is a KernelError', () => {
  assert.throws(() => libc.map('map nothing', -1, 4096, libc.PROT_READ, libc.MAP_SHARED), { code: 'EBADF' })
})
