/** The settings of a table: what is written when it is made, and read by whoever opens it later. */
import { crcPowers } from './crc-powers.ts'
import {
  CRC_POWERS_OFFSET,
  LAYOUT_MAGIC,
  LAYOUT_VERSION,
  SECURE_TRANSITIONS_OFFSET,
  SETTINGS,
  STATE,
  sctpTransitionOffset,
  type TableFacts,
  TCP_EVENT,
  TRANSITION_TABLE,
  TRANSITIONS_OFFSET,
  timeoutOffset,
  transitionOffset,
} from './layout.ts'
import type { Memory } from './memory.ts'
import { nextSctpState, SCTP_EVENT, SCTP_STATES, type SctpEvent, sctpTimeoutS } from './sctp-state.ts'
import { SYSCTL_NAMES, SYSCTLS, sysctlField } from './sysctls.ts'
import { DEFAULT_TIMEOUTS_S, nextTcpState, TCP_STATES } from './tcp-state.ts'

/** Writes facts, ip_vs's timeouts and its state tables into settings that are all zero. The mark that they are ours comes last. */
export function writeSettings(settings: Memory, { capacity, hashSeed, hertz }: TableFacts): void {
  settings.set(0, SETTINGS.version, LAYOUT_VERSION)
  settings.set(0, SETTINGS.hertz, hertz)
  settings.set(0, SETTINGS.processors, capacity.processors)
  settings.set(0, SETTINGS.serviceSlots, capacity.services)
  settings.set(0, SETTINGS.destinationSlots, capacity.destinations)
  settings.set(0, SETTINGS.connectionSlots, capacity.connections)
  settings.set(0, SETTINGS.ringBlocks, capacity.rings)
  settings.set(0, SETTINGS.localitySlots, capacity.localities)
  settings.setWide(0, SETTINGS.hashSeed, hashSeed)
  for (const [state, seconds] of DEFAULT_TIMEOUTS_S) settings.set(timeoutOffset(state), [0, 'u32'], seconds * hertz)
  for (const [i, state] of SCTP_STATES.entries())
    settings.set(timeoutOffset(STATE.SCTP_NONE + i), [0, 'u32'], sctpTimeoutS(state) * hertz)
  for (const [i, power] of crcPowers().entries()) settings.set(CRC_POWERS_OFFSET + 4 * i, [0, 'u32'], power)
  for (const table of ['inputOnly', 'input', 'output'] as const) {
    for (const [event, number] of Object.entries(SCTP_EVENT) as [SctpEvent, number][]) {
      for (const i of SCTP_STATES.keys()) {
        const state = STATE.SCTP_NONE + i
        const place = sctpTransitionOffset(TRANSITION_TABLE[table], number, state)
        settings.set(place, [0, 'u8'], nextSctpState(table, event, state))
      }
    }
    for (const event of ['syn', 'fin', 'ack', 'rst'] as const) {
      for (const state of TCP_STATES.keys()) {
        const place = transitionOffset(TRANSITION_TABLE[table], TCP_EVENT[event], state)
        settings.set(place, [0, 'u8'], nextTcpState(table, event, state))
        const secure = place - TRANSITIONS_OFFSET + SECURE_TRANSITIONS_OFFSET
        settings.set(secure, [0, 'u8'], nextTcpState(table, event, state, 'secure'))
      }
    }
  }
  for (const name of SYSCTL_NAMES) settings.set(0, sysctlField(name), SYSCTLS[name].initial)
  settings.set(0, SETTINGS.magic, LAYOUT_MAGIC)
}

/** What `writeSettings` was given. Throws if another version of sluice laid the table out. */
export function readFacts(settings: Memory): TableFacts {
  const version = settings.get(0, SETTINGS.version)
  if (settings.get(0, SETTINGS.magic) !== LAYOUT_MAGIC || version !== LAYOUT_VERSION) {
    throw new Error(
      `the table in memory was made by another version of sluice (layout ${version}, this one has ${LAYOUT_VERSION})`,
    )
  }
  return {
    capacity: {
      services: settings.get(0, SETTINGS.serviceSlots),
      destinations: settings.get(0, SETTINGS.destinationSlots),
      connections: settings.get(0, SETTINGS.connectionSlots),
      processors: settings.get(0, SETTINGS.processors),
      rings: settings.get(0, SETTINGS.ringBlocks),
      localities: settings.get(0, SETTINGS.localitySlots),
    },
    hashSeed: settings.getWide(0, SETTINGS.hashSeed),
    hertz: settings.get(0, SETTINGS.hertz),
  }
}
