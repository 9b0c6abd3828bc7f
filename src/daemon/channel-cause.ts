/** What broke a channel, in words for people. */

import type { Refused } from '../health/conversation.ts'
import { KernelError } from '../kernel/errors.ts'

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EADDRNOTAVAIL: 'the address to connect from is not on this machine',
  ENODEV: 'the interface to connect from is not on this machine',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by nobody who is trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by nobody who is trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
}

/** What this machine lacks; the target has no part in it. */
const OURS: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no more descriptors (raise LimitNOFILE)',
  ENFILE: 'this machine has no more descriptors',
  ENOBUFS: 'this machine has no more memory for sockets',
  ENOMEM: 'this machine has no more memory',
  EAGAIN: 'this machine has no more processes',
}

export function refusedBy(error: unknown): Refused {
  const { code = '', message } = error as NodeJS.ErrnoException
  const known = Object.hasOwn(CAUSES, code) ? CAUSES[code] : undefined
  if (outOfPorts(error)) return { type: 'refused', cause: 'this machine has no more ports to connect from', ours: true }
  if (known !== undefined) return { type: 'refused', cause: known }
  if (Object.hasOwn(OURS, code)) return { type: 'refused', cause: OURS[code] ?? message, ours: true }
  if (error instanceof KernelError) return { type: 'refused', cause: error.message }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return { type: 'refused', cause: `no TLS: ${tlsReason(error)}` }
  return { type: 'refused', cause: message }
}

/**
 * Where the address to connect from is missing, bind(2) says so; if connect(2) does, towards IPv4, all ports are taken. A
 * port that was asked for by number and is taken is our own lack as well.
 */
function outOfPorts(error: unknown): boolean {
  const { code, syscall, address } = error as NodeJS.ErrnoException & { readonly address?: string }
  if (code === 'EADDRINUSE') return true
  if (code !== 'EADDRNOTAVAIL') return false
  const tried = error instanceof KernelError ? error.operation : `${syscall} to ${address}`
  return /^connect to [0-9.]+$/.test(tried)
}

function tlsReason(error: unknown): string {
  const { reason, message } = error as { readonly reason?: string; readonly message: string }
  return reason ?? message.split(':').at(-1) ?? message
}
