/**
 * SCTP as a director sees it: ip_vs's state tables and timeouts (net/netfilter/ipvs/ip_vs_proto_sctp.c). As with TCP,
 * the one-sided table is for servers that answer the client directly. Rows are events, columns the states before.
 */
import { STATE, type TRANSITION_TABLE } from './layout.ts'

/** As ip_vs prints them, in the order of its numbers. */
export const SCTP_STATES = [
  'NONE',
  'INIT1',
  'INIT',
  'C-SENT',
  'C-REPLIED',
  'C-WAIT',
  'COOKIE',
  'C-ECHOED',
  'ESTABLISHED',
  'S-SENT',
  'S-RECEIVED',
  'S-ACK-SENT',
  'REJECTED',
  'CLOSED',
] as const
export type SctpState = (typeof SCTP_STATES)[number]

/** What a packet is to the tables, by its first chunk; `data` is also what means nothing to them. */
export const SCTP_EVENT = {
  data: 0,
  init: 1,
  initAck: 2,
  cookieEcho: 3,
  cookieAck: 4,
  shutdown: 5,
  shutdownAck: 6,
  shutdownComplete: 7,
  error: 8,
  abort: 9,
} as const
export type SctpEvent = keyof typeof SCTP_EVENT

/** Chunk types (RFC 9260 section 3.2) that are an event of their own. */
export const SCTP_CHUNK: Readonly<Record<Exclude<SctpEvent, 'data'>, number>> = {
  init: 1,
  initAck: 2,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
}

const SHORT = ['NO', 'I1', 'IN', 'CS', 'CR', 'CW', 'CO', 'CE', 'ES', 'SS', 'SR', 'SA', 'RJ', 'CL']

const TABLES: Readonly<Record<keyof typeof TRANSITION_TABLE, Readonly<Record<SctpEvent, string>>>> = {
  inputOnly: {
    //                 NO I1 IN CS CR CW CO CE ES SS SR SA RJ CL
    data: '            ES I1 IN CS CR ES CO CE ES SS SR SA RJ CL',
    init: '            I1 IN IN IN IN IN CO CE ES SS SR SA IN IN',
    initAck: '         CE CE CE CE CE CE CO CE ES SS SR SA RJ CL',
    cookieEcho: '      ES ES ES ES ES ES CO CE ES SS SR SA RJ CL',
    cookieAck: '       ES I1 IN ES ES CW ES ES ES SS SR SA RJ CL',
    shutdown: '        SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL',
    shutdownAck: '     CL IN IN CS CR CW CO CE CL CL SR CL RJ CL',
    shutdownComplete: 'CL CL CL CL CL CW CO CE ES SS CL CL RJ CL',
    error: '           CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    abort: '           CL CL CL CL CL RJ CL CL CL CL CL CL CL CL',
  },
  input: {
    data: '            ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    init: '            I1 IN IN CS CR CW CO CE ES SS SR SA IN IN',
    initAck: '         CW CW CW CS CR CO CO CE ES SS SR SA RJ CL',
    cookieEcho: '      CR IN IN CR CR CW CO CE ES SS SR SA RJ CL',
    cookieAck: '       ES I1 IN CS CR CW CO ES ES SS SR SA RJ CL',
    shutdown: '        SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL',
    shutdownAck: '     CL IN IN CS CR CW CO CE ES CL SR CL RJ CL',
    shutdownComplete: 'CL CL CL CS CR CW CO CE ES SS SR CL RJ CL',
    error: '           CL I1 IN CS CR CW CO CL ES SS SR SA RJ CL',
    abort: '           CL CL CL CL CL RJ CL CL CL CL CL CL CL CL',
  },
  output: {
    data: '            ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    init: '            CW CW CW CW CW CW CW CW ES CW CW CW CW CW',
    initAck: '         CS CS CS CS CR CW CO CE ES SS SR SA RJ CL',
    cookieEcho: '      CE CE CE CE CE CE CE CE ES SS SR SA RJ CL',
    cookieAck: '       ES ES ES ES ES ES ES ES ES SS SR SA RJ CL',
    shutdown: '        SS SS SS SS SS SS SS SS SS SS SR SA RJ CL',
    shutdownAck: '     SA SA SA SA SA CW CO CE ES SA SA SA RJ CL',
    shutdownComplete: 'CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    error: '           CL CL CL CL CL CW CO CE ES SS SR SA RJ CL',
    abort: '           CL RJ CL CL CL CL CL CL CL CL CL CL CL CL',
  },
}

/** The state after `event` in the given table; both numbers are those of STATE, from SCTP_NONE on. */
export function nextSctpState(table: keyof typeof TRANSITION_TABLE, event: SctpEvent, state: number): number {
  const next = TABLES[table][event].trim().split(' ')[state - STATE.SCTP_NONE]
  return STATE.SCTP_NONE + SHORT.indexOf(next ?? 'CL')
}

/** ip_vs's timeouts in seconds. */
export function sctpTimeoutS(state: SctpState): number {
  if (state === 'NONE') return 2
  if (state === 'INIT1' || state === 'REJECTED') return 4
  return state === 'ESTABLISHED' ? 900 : 61
}
