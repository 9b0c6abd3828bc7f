/**
 * Network namespaces, named as `ip netns` names them: a namespace lives while it is mounted on a file in /run/netns.
 *
 * A namespace belongs to a thread. Everything here is synchronous and so stays on the main thread, which is the thread
 * that opens sockets and spawns processes. Node's worker threads (fs/promises, dns) do not come along.
 */
import { closeSync, constants, mkdirSync, openSync, unlinkSync } from 'node:fs'
import { isKernelError } from './errors.ts'
import { attempt, call, flock, getsockopt, mount, setns, socket, umount2, unshare } from './libc.ts'
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET } from './socket.ts'

const DIRECTORY = '/run/netns'
/** Through the thread: the process as a whole has none. */
const CURRENT = '/proc/thread-self/ns/net'

const CLONE_NEWNET = 0x4000_0000
const MS_BIND = 0x1000
const MS_REC = 0x4000
const MS_SHARED = 0x10_0000
const MNT_DETACH = 2
const LOCK_EX = 2
const SO_NETNS_COOKIE = 71

/** An open namespace: it lives on without its name until it is closed. */
export class Namespace {
  readonly name: string
  readonly fd: number

  constructor(name: string, fd: number) {
    this.name = name
    this.fd = fd
  }

  close(): void {
    closeSync(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Makes a namespace with nothing in it but a loopback interface that is down. EEXIST if the name is taken. */
export function createNamespace(name: string): Namespace {
  prepareDirectory()
  const operation = `create the network namespace ${name}`
  closeSync(open(operation, pathOf(name), constants.O_RDONLY | constants.O_CREAT | constants.O_EXCL))
  try {
    using home = currentNamespace()
    call(operation, unshare(CLONE_NEWNET))
    try {
      call(operation, mount(CURRENT, pathOf(name), 'none', MS_BIND, null))
    } finally {
      enter(home)
    }
  } catch (error) {
    unlinkSync(pathOf(name))
    throw error
  }
  return openNamespace(name)
}

/** ENOENT if there is none of that name. */
export function openNamespace(name: string): Namespace {
  return new Namespace(name, open(`open the network namespace ${name}`, pathOf(name), constants.O_RDONLY))
}

/** The namespace that this thread is in. */
export function currentNamespace(): Namespace {
  return new Namespace('', open('open the current network namespace', CURRENT, constants.O_RDONLY))
}

/** Takes its name from it: it ends with the last process, socket or descriptor in it. ENOENT if there is none. */
export function deleteNamespace(name: string): void {
  const operation = `delete the network namespace ${name}`
  try {
    call(operation, umount2(pathOf(name), MNT_DETACH))
  } catch (error) {
    // EINVAL: nothing is mounted there, the file is left over from before a reboot.
    if (!isKernelError(error, 'EINVAL')) throw error
  }
  attempt(operation, () => unlinkSync(pathOf(name)))
}

/** What `work` returns, done in the namespace: sockets that it opens and processes that it spawns stay there for good. */
export function inNamespace<T>(namespace: Namespace, work: () => T): T {
  using home = currentNamespace()
  enter(namespace)
  try {
    const result = work()
    if (result instanceof Promise)
      throw new TypeError('work in a namespace must be synchronous: it must not outlast the visit')
    return result
  } finally {
    enter(home)
  }
}

/** A number that tells the current namespace from every other one since the machine was booted. Linux 5.14 and later. */
export function namespaceCookie(): bigint {
  const fd = call('open a socket', socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
  try {
    const cookie = new BigUint64Array(1)
    const length = Uint32Array.of(cookie.byteLength)
    call('read the cookie of the network namespace', getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length))
    return cookie[0]!
  } finally {
    closeSync(fd)
  }
}

function enter(namespace: Namespace): void {
  call(`enter the network namespace ${namespace.name}`, setns(namespace.fd, CLONE_NEWNET))
}

/**
 * As `ip netns` prepares it: a mount of its own that is shared with other mount namespaces, so that a namespace deleted
 * here is not kept alive by a copy of its mount elsewhere. The same lock as there keeps two from doing it at once.
 */
function prepareDirectory(): void {
  const operation = `prepare ${DIRECTORY}`
  attempt(operation, () => mkdirSync(DIRECTORY, { recursive: true, mode: 0o755 }))
  const fd = open(operation, DIRECTORY, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    call(operation, flock(fd, LOCK_EX))
    if (mount('', DIRECTORY, 'none', MS_SHARED | MS_REC, null) === 0) return
    // It is no mount yet.
    call(operation, mount(DIRECTORY, DIRECTORY, 'none', MS_BIND | MS_REC, null))
    call(operation, mount('', DIRECTORY, 'none', MS_SHARED | MS_REC, null))
  } finally {
    closeSync(fd)
  }
}

function pathOf(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw new RangeError(`"${name}" cannot name a network namespace`)
  }
  return `${DIRECTORY}/${name}`
}

function open(operation: string, path: string, flags: number): number {
  return attempt(operation, () => openSync(path, flags, 0))
}
