/**
 * The C library, as far as it is needed.
 *
 * Each function is libc's own, its arguments in their order; -1 means failure, and `call` makes a KernelError of it. They
 * run on the calling thread, so they act in the network namespace which that thread is in.
 *
 *     const fd = call('open a netlink socket', socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))
 */
import koffi from 'koffi'
import { KernelError } from './errors.ts'

/** Bytes of ours that C may read and write while the call lasts; an address; or NULL. */
export type Pointer = ArrayBufferView | bigint | null

/** Every symbol that the process has loaded already, libc's among them, be it glibc or musl. */
const library = koffi.load(null)
function define<F>(prototype: string): F {
  return library.func(prototype) as F
}

// sockets
export const socket: (domain: number, type: number, protocol: number) => number = define('int socket(int, int, int)')
export const socketpair: (domain: number, type: number, protocol: number, fds: Int32Array) => number = define(
  'int socketpair(int, int, int, void *)',
)
export const bind: (fd: number, address: Pointer, length: number) => number = define('int bind(int, void *, uint)')
export const connect: (fd: number, address: Pointer, length: number) => number = define(
  'int connect(int, void *, uint)',
)
export const getsockname: (fd: number, address: Pointer, length: Uint32Array) => number = define(
  'int getsockname(int, void *, void *)',
)
export const setsockopt: (fd: number, level: number, option: number, value: Pointer, length: number) => number = define(
  'int setsockopt(int, int, int, void *, uint)',
)
export const getsockopt: (fd: number, level: number, option: number, value: Pointer, length: Uint32Array) => number =
  define('int getsockopt(int, int, int, void *, void *)')
export const send: (fd: number, bytes: Pointer, length: number, flags: number) => number = define(
  'long send(int, void *, size_t, int)',
)
export const recv: (fd: number, bytes: Pointer, length: number, flags: number) => number = define(
  'long recv(int, void *, size_t, int)',
)
export const sendmsg: (fd: number, header: Pointer, flags: number) => number = define('long sendmsg(int, void *, int)')
export const recvmsg: (fd: number, header: Pointer, flags: number) => number = define('long recvmsg(int, void *, int)')

// descriptors and memory
export const ioctl: (fd: number, request: number, argument: Pointer) => number = define('int ioctl(int, ulong, void *)')
export const mkfifo: (path: string, mode: number) => number = define('int mkfifo(str, uint)')
export const epoll_create1: (flags: number) => number = define('int epoll_create1(int)')
export const epoll_ctl: (epoll: number, operation: number, fd: number, event: Pointer) => number = define(
  'int epoll_ctl(int, int, int, void *)',
)
export const epoll_wait: (epoll: number, events: Pointer, count: number, timeoutMs: number) => number = define(
  'int epoll_wait(int, void *, int, int)',
)
export const flock: (fd: number, operation: number) => number = define('int flock(int, int)')

// namespaces and mounts
export const unshare: (flags: number) => number = define('int unshare(int)')
export const setns: (fd: number, type: number) => number = define('int setns(int, int)')
export const mount: (
  source: string | null,
  target: string,
  type: string | null,
  flags: number,
  data: string | null,
) => number = define('int mount(str, str, str, ulong, str)')
export const umount2: (target: string, flags: number) => number = define('int umount2(str, int)')

// processes
export const prctl: (option: number, a: number, b: number, c: number, d: number) => number = define(
  'int prctl(int, ulong, ulong, ulong, ulong)',
)
export const sched_setscheduler: (tid: number, policy: number, parameters: Pointer) => number = define(
  'int sched_setscheduler(int, int, void *)',
)
export const setrlimit: (resource: number, limit: Pointer) => number = define('int setrlimit(int, void *)')
const pthread_sigmask: (how: number, set: Pointer, before: Pointer) => number = define(
  'int pthread_sigmask(int, void *, void *)',
)
const SIG_SETMASK = 2
/** sigset_t has room for 1024 signals. */
const SIGNAL_SET_BYTES = 128

/** Does something long in the kernel that a signal would end with EAGAIN or EINTR: signals wait until it is done. */
export function uninterrupted<T>(work: () => T): T {
  const all = new Uint8Array(SIGNAL_SET_BYTES).fill(0xff)
  const before = new Uint8Array(SIGNAL_SET_BYTES)
  pthread_sigmask(SIG_SETMASK, all, before)
  try {
    return work()
  } finally {
    pthread_sigmask(SIG_SETMASK, before, null)
  }
}

// time
const clock_getres: (clock: number, resolution: Pointer) => number = define('int clock_getres(int, void *)')
const CLOCKS = { 'monotonic-coarse': 6 } as const

/** How long a tick of the clock is; of the coarse ones, the kernel's jiffy. */
export function clockResolutionNs(clock: keyof typeof CLOCKS): number {
  const resolution = new BigInt64Array(2)
  call('read the resolution of a clock', clock_getres(CLOCKS[clock], resolution))
  return Number(resolution[0]! * 1_000_000_000n + resolution[1]!)
}

// system calls that libc has no function for
export const bpf: (command: number, attribute: Pointer, length: number) => number = (command, attribute, length) =>
  bpfSyscall(SYSCALL.bpf, command, attribute, length)
export const perf_event_open: (attribute: Pointer, pid: number, cpu: number, group: number, flags: number) => number = (
  attribute,
  pid,
  cpu,
  group,
  flags,
) => perfEventOpenSyscall(SYSCALL.perf_event_open, attribute, pid, cpu, group, flags)

/** Their numbers: x86-64 has its own, everything younger shares asm-generic/unistd.h. */
const SYSCALL = process.arch === 'x64' ? { bpf: 321, perf_event_open: 298 } : { bpf: 280, perf_event_open: 241 }
const bpfSyscall: (number: number, command: number, attribute: Pointer, length: number) => number = define(
  'long syscall(long, long, void *, long)',
)
const perfEventOpenSyscall: (
  number: number,
  attribute: Pointer,
  pid: number,
  cpu: number,
  group: number,
  flags: number,
) => number = define('long syscall(long, void *, long, long, long, long)')

/** The result of a libc function; if it is -1, throws what the kernel said. `operation` completes "cannot …". */
export function call(operation: string, result: number): number {
  if (result === -1) throw refused(operation, koffi.errno())
  return result
}

/** The same for node's own calls on files, which throw errors of their own kind. */
export function attempt<T>(operation: string, fileCall: () => T): T {
  try {
    return fileCall()
  } catch (error) {
    const number = (error as NodeJS.ErrnoException).errno
    if (number === undefined) throw error
    throw new KernelError(operation, Math.abs(number), strerror(Math.abs(number)), { cause: error })
  }
}

/** The errno of the last call that failed. Read it first: another call may overwrite it. */
export function errno(): number {
  return koffi.errno()
}

/** The KernelError for an errno that came by another way: in a netlink answer, from a map's batch operation. */
export function refused(operation: string, number: number, words: string = strerror(number)): KernelError {
  return new KernelError(operation, number, words)
}

/** The words of libc for an errno: `Operation not permitted`. */
export const strerror: (errno: number) => string = define('str strerror(int)')

/**
 * Where the bytes are, to put into a struct that the kernel follows. The caller keeps `bytes` referenced until the kernel
 * is done with them. Array buffers do not move.
 */
export function addressOf(bytes: ArrayBufferView): bigint {
  return koffi.address(bytes)
}

export const PROT_READ = 1
export const PROT_WRITE = 2
export const MAP_SHARED = 1
export const MAP_PRIVATE = 2

/** Memory shared with the kernel. After `unmap()` its bytes must not be touched: the process would die of it. */
export interface Mapping {
  readonly bytes: Uint8Array
  unmap(): void
}

/** mmap(2) of a descriptor. */
export function map(
  operation: string,
  fd: number,
  length: number,
  protection: number,
  flags: number,
  offset = 0,
): Mapping {
  const address = mmap(null, length, protection, flags, fd, offset)
  if (address === MAP_FAILED) throw refused(operation, koffi.errno())
  return {
    bytes: new Uint8Array(koffi.view(address, length)),
    unmap: () => void call(`unmap the memory to ${operation}`, munmap(address, length)),
  }
}

const MAP_FAILED = 0xffff_ffff_ffff_ffffn
const mmap: (address: null, length: number, protection: number, flags: number, fd: number, offset: number) => bigint =
  define('void *mmap(void *, size_t, int, int, int, int64_t)')
const munmap: (address: bigint, length: number) => number = define('int munmap(void *, size_t)')
