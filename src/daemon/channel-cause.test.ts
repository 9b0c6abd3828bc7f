import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import { KernelError } from '../kernel/errors.ts'
import { refusedBy } from './channel-cause.ts'

const { EADDRNOTAVAIL, EADDRINUSE, ECONNREFUSED, EMFILE } = constants.errno

for (const [what, error, cause, ours] of [
  ['a closed port', new KernelError('connect', ECONNREFUSED, ''), 'connection refused', false],
  ['no descriptors', new KernelError('open a TCP socket', EMFILE, ''), /LimitNOFILE/, true],
  ['no ports', new KernelError('connect to 10.0.0.1', EADDRNOTAVAIL, ''), /no more ports/, true],
  ['no ports, in node', { code: 'EADDRNOTAVAIL', syscall: 'connect', address: '10.0.0.1' }, /no more ports/, true],
  ['no address of IPv6', new KernelError('connect to fe80::1', EADDRNOTAVAIL, ''), /not on this machine/, false],
  ['a foreign address', new KernelError('connect from 10.0.0.9', EADDRNOTAVAIL, ''), /not on this machine/, false],
  ['a port that is taken', new KernelError('connect from any address', EADDRINUSE, ''), /no more ports/, true],
] as const) {
  test(`refusedBy() for ${what}`, () => {
    const refused = refusedBy(error)
    assert.match(refused.cause, typeof cause === 'string' ? new RegExp(`^${cause}$`) : cause)
    assert.equal(refused.ours ?? false, ours)
  })
}
