/**
 * ip_vs's kernel parameters, net.ipv4.vs.NAME (Documentation/networking/ipvs-sysctl.rst): what each may be and what it is
 * to begin with. Without the module there is no /proc/sys/net/ipv4/vs; they are words of the settings, by their places
 * in this list, and the data path reads them where they matter.
 */
import type { Field } from '../bpf/value.ts'
import { nearest } from '../diagnostics/nearest.ts'
import { SYSCTLS_OFFSET, SYSCTLS_ROOM } from './layout.ts'

export const SYSCTL_PREFIX = 'net.ipv4.vs.'

interface Range {
  readonly initial: number
  readonly min: number
  readonly max: number
  readonly meaning: string
}

const flag = (initial: 0 | 1, meaning: string): Range => ({ initial, min: 0, max: 1, meaning })
/** 0: never; 1 and 2: when the table runs short, which turns one into the other; 3: always. */
const defence = (meaning: string): Range => ({ initial: 0, min: 0, max: 3, meaning })
const INT_MAX = 2 ** 31 - 1

/** Those that can be set. New ones go to the end: a table that is there keeps its words. */
export const SYSCTL_NAMES = [
  'conn_reuse_mode',
  'expire_nodest_conn',
  'expire_quiescent_template',
  'sloppy_tcp',
  'sloppy_sctp',
  'drop_entry',
  'drop_packet',
  'secure_tcp',
  'am_droprate',
  'amemthresh',
  'pmtu_disc',
  'run_estimation',
  'lblc_expiration',
  'lblcr_expiration',
  'sync_version',
  'sync_threshold',
  'sync_period',
  'sync_refresh_period',
  'sync_retries',
] as const
export type SysctlName = (typeof SYSCTL_NAMES)[number]
if (SYSCTL_NAMES.length > SYSCTLS_ROOM) throw new RangeError('there are more kernel parameters than room for them')

export const SYSCTLS: Readonly<Record<SysctlName, Range>> = {
  conn_reuse_mode: {
    initial: 1,
    min: 0,
    max: 3,
    meaning: 'a SYN on a connection that is closing: 0 keeps its server; 1 schedules anew; 2 does so in FIN_WAIT, too',
  },
  expire_nodest_conn: flag(0, 'a connection whose server was removed ends at once, instead of stalling'),
  expire_quiescent_template: flag(0, 'a persistent client whose server has weight 0 is given another'),
  sloppy_tcp: flag(0, 'any TCP packet but RST begins a connection, not only SYN'),
  sloppy_sctp: flag(0, 'any SCTP packet but ABORT begins an association, not only INIT'),
  drop_entry: defence('drop connections at random that are half open, or long idle'),
  drop_packet: defence('drop every so manieth packet that would begin a connection'),
  secure_tcp: defence('tables of states that trust a SYN less'),
  am_droprate: { initial: 10, min: 1, max: INT_MAX, meaning: 'drop_packet 3 drops one packet in so many' },
  amemthresh: {
    initial: 1024,
    min: 0,
    max: INT_MAX,
    meaning: 'the table runs short with room for less than so many pages of connections, 64 a page',
  },
  pmtu_disc: flag(1, 'outer packets of tunnels have the DF of what is inside; 0: none has'),
  run_estimation: flag(1, 'estimate rates'),
  lblc_expiration: { initial: 86_400, min: 1, max: 2 ** 21, meaning: 'lblc forgets what nobody asks for, in s' },
  lblcr_expiration: { initial: 86_400, min: 1, max: 2 ** 21, meaning: 'lblcr forgets what nobody asks for, in s' },
  sync_version: { initial: 1, min: 0, max: 1, meaning: 'the protocol that a master sync daemon speaks' },
  sync_threshold: {
    initial: 3,
    min: 0,
    max: INT_MAX,
    meaning: 'backups are told of a connection at this packet of its client, or that many after each sync_period',
  },
  sync_period: {
    initial: 50,
    min: 0,
    max: INT_MAX,
    meaning: 'and again after so many packets (the second number of sync_threshold in Linux); 0: not again',
  },
  sync_refresh_period: {
    initial: 0,
    min: 0,
    max: 2 ** 21,
    meaning: 'but not before its time at the backups is so many seconds off; 0: whatever that is',
  },
  sync_retries: { initial: 0, min: 0, max: 3, meaning: 'how often it is told again after an eighth of that period' },
}

/** Those that hold one value here, and why no other. */
export const FIXED_SYSCTLS: Readonly<Record<string, { readonly value: string; readonly why: string }>> = {
  backup_only: { value: '0', why: 'a backup schedules, too' },
  cache_bypass: { value: '0', why: 'what has no server is not sent on to where it was going' },
  conntrack: { value: '0', why: 'connections are not known to netfilter' },
  ignore_tunneled: { value: '1', why: 'what comes out of a tunnel device is never balanced' },
  nat_icmp_send: { value: '0', why: 'real servers are not told that a connection is gone' },
  schedule_icmp: { value: '0', why: 'an ICMP error begins no connection' },
  snat_reroute: { value: '1', why: 'replies are always routed by the virtual address' },
  sync_persist_mode: { value: '0', why: 'templates and connections are both told' },
  sync_ports: { value: '1', why: 'one process speaks for the table' },
}

/** Where the value of a parameter lies in the settings. */
export function sysctlField(name: SysctlName): Field {
  return [SYSCTLS_OFFSET + 4 * SYSCTL_NAMES.indexOf(name), 'u32']
}

/** A parameter that does not exist, or does not take the value: one sentence. */
export class SysctlError extends Error {
  override readonly name: string = 'SysctlError'
  readonly kind: 'unknown' | 'value'
  constructor(kind: SysctlError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

/** The value as a number; throws SysctlError if the parameter does not take it. */
export function parseSysctl(name: string, text: string): { readonly name: SysctlName; readonly value: number } {
  const known = knownSysctl(name)
  const { min, max } = SYSCTLS[known]
  const value = Number(text.trim())
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max)
    throw new SysctlError(
      'value',
      `${SYSCTL_PREFIX}${known} takes a number from ${min} to ${max}, not "${text.trim()}"`,
    )
  return { name: known, value }
}

/** True if the value is the one that a fixed parameter has anyway. */
export function isFixed(name: string, text: string): boolean {
  return FIXED_SYSCTLS[name]?.value === text.trim()
}

function knownSysctl(name: string): SysctlName {
  const known = SYSCTL_NAMES.find(each => each === name)
  if (known !== undefined) return known
  const fixed = FIXED_SYSCTLS[name]
  if (fixed !== undefined)
    throw new SysctlError('value', `${SYSCTL_PREFIX}${name} is always ${fixed.value} in sluice: ${fixed.why}`)
  const meant = nearest(name, [...SYSCTL_NAMES, ...Object.keys(FIXED_SYSCTLS)])
  throw new SysctlError(
    'unknown',
    `there is no ${SYSCTL_PREFIX}${name}${meant === undefined ? '' : ` (did you mean ${SYSCTL_PREFIX}${meant}?)`}`,
  )
}
