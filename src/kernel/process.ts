/**
 * This process before the kernel: what it may do, who outlives whom, and how soon it gets the processor.
 *
 * There is no locking of memory here: V8 hands pages back by madvise(MADV_DONTNEED), which fails on locked ones, and V8
 * ends the process then. Who fears the swap gives the service's control group `memory.swap.max=0`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { call, prctl, sched_setscheduler, setrlimit } from './libc.ts'

/** The privileges that parts of the program need (linux/capability.h), by their bit. */
const CAPABILITIES = {
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_IPC_LOCK: 14,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_NICE: 23,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const
export type Capability = keyof typeof CAPABILITIES

/** Those that are in effect now. Root in a container may well lack some. */
export function capabilities(): ReadonlySet<Capability> {
  const [, digits = '0'] = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const effective = BigInt(`0x${digits}`)
  const names = Object.keys(CAPABILITIES) as Capability[]
  return new Set(names.filter(name => (effective >> BigInt(CAPABILITIES[name])) & 1n))
}

/**
 * One sentence that says which privilege is missing and what for, or undefined if all are there.
 *
 *     missingPrivilege({ CAP_NET_RAW: 'send VRRP advertisements' })
 *     // CAP_NET_RAW is missing, which it takes to send VRRP advertisements: run this as root
 */
export function missingPrivilege(
  needs: { readonly [C in Capability]?: string },
  granted: ReadonlySet<Capability> = capabilities(),
): string | undefined {
  const missing = Object.entries(needs).find(([capability]) => !granted.has(capability as Capability))
  if (missing === undefined) return undefined
  const [capability, purpose] = missing
  const remedy = process.geteuid?.() === 0 ? 'give this container that capability' : 'run this as root'
  return `${capability} is missing, which it takes to ${purpose}: ${remedy}`
}

const PR_SET_PDEATHSIG = 1
const SCHED_RR = 2
/** Children start as ordinary processes. */
const SCHED_RESET_ON_FORK = 0x4000_0000

/**
 * The kernel sends this signal when the parent dies, however it dies. A parent that died before this call sends none:
 * compare `process.ppid` with what it should be afterwards.
 */
export function setParentDeathSignal(signal: NodeJS.Signals): void {
  call('ask for a signal at the death of the parent', prctl(PR_SET_PDEATHSIG, constants.signals[signal], 0, 0, 0))
}

/** Every thread of this process goes before all ordinary ones (SCHED_RR, 1 to 99), for elections on a busy machine. */
export function setRealTimePriority(priority: number): void {
  const parameters = Int32Array.of(priority)
  for (const thread of readdirSync('/proc/self/task')) {
    const tid = Number.parseInt(thread, 10)
    call(`set the real-time priority ${priority}`, sched_setscheduler(tid, SCHED_RR | SCHED_RESET_ON_FORK, parameters))
  }
}

const RESOURCES = { core: 4, openFiles: 7, realTimeUs: 15 } as const
export type Resource = keyof typeof RESOURCES
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn

/** Both limits, the soft and the hard one. */
export function setResourceLimit(resource: Resource, limit: number | 'unlimited'): void {
  const value = limit === 'unlimited' ? RLIM_INFINITY : BigInt(limit)
  call(`set the limit of ${resource} to ${limit}`, setrlimit(RESOURCES[resource], BigUint64Array.of(value, value)))
}
