/**
 * TCP as a director sees it: ip_vs's state tables and timeouts (net/netfilter/ipvs/ip_vs_proto_tcp.c).
 *
 * A real server behind DR or TUN answers the client directly, so only the client's packets are seen and the one-sided
 * table applies. Behind NAT both directions pass. Rows are events, columns the states before, in the order of STATE.
 */
import { STATE, type TCP_EVENT, type TRANSITION_TABLE } from './layout.ts'

export const TCP_STATES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
] as const
export type TcpState = (typeof TCP_STATES)[number]

const SHORT: Readonly<Record<string, number>> = {
  NO: STATE.NONE,
  ES: STATE.ESTABLISHED,
  SS: STATE.SYN_SENT,
  SR: STATE.SYN_RECV,
  FW: STATE.FIN_WAIT,
  TW: STATE.TIME_WAIT,
  CL: STATE.CLOSE,
  CW: STATE.CLOSE_WAIT,
  LA: STATE.LAST_ACK,
  LI: STATE.LISTEN,
  SA: STATE.SYNACK,
}

const TABLES: Readonly<Record<keyof typeof TRANSITION_TABLE, Readonly<Record<keyof typeof TCP_EVENT, string>>>> = {
  //        NO ES SS SR FW TW CL CW LA LI SA
  inputOnly: {
    syn: 'SR ES ES SR SR SR SR SR SR SR SR',
    fin: 'CL FW SS TW FW TW CL CW LA LI TW',
    ack: 'ES ES SS ES FW TW CL CW CL LI ES',
    rst: 'CL CL CL SR CL CL CL CL LA LI CL',
  },
  input: {
    syn: 'SR ES ES SR SR SR SR SR SR SR SR',
    fin: 'CL CW SS TW TW TW CL CW LA LI TW',
    ack: 'ES ES SS ES FW TW CL CW CL LI ES',
    rst: 'CL CL CL SR CL CL CL CL LA LI SR',
  },
  output: {
    syn: 'SS ES SS SR SS SS SS SS SS LI SR',
    fin: 'TW FW SS TW FW TW CL TW LA LI TW',
    ack: 'ES ES SS ES FW TW CL CW LA ES ES',
    rst: 'CL CL SS CL CL TW CL CL CL CL CL',
  },
}

/** What differs with secure_tcp: a SYN that was not answered yet is trusted less (tcp_states_dos). */
const SECURE: Readonly<Record<keyof typeof TRANSITION_TABLE, Partial<Record<keyof typeof TCP_EVENT, string>>>> = {
  //     NO ES SS SR FW TW CL CW LA LI SA
  inputOnly: { syn: 'SA ES ES SR SA SA SA SA SA SA SA' },
  input: {
    syn: 'SR ES ES SR SR SR SR SR SR SR SA',
    fin: 'CL CW SS TW TW TW CL CW LA LI SA',
    ack: 'ES ES SS SR FW TW CL CW CL LI SA',
    rst: 'CL CL CL SR CL CL CL CL LA LI CL',
  },
  output: { syn: 'SS ES SS SA SS SS SS SS SS LI SA' },
}

/** The state after `event` in the given table; ip_vs leaves a packet without any of the four flags to close. */
export function nextTcpState(
  table: keyof typeof TRANSITION_TABLE,
  event: keyof typeof TCP_EVENT,
  state: number,
  mode: 'usual' | 'secure' = 'usual',
): number {
  const row = (mode === 'secure' ? SECURE[table][event] : undefined) ?? TABLES[table][event]
  return SHORT[row.split(' ')[state] ?? 'CL'] ?? STATE.CLOSE
}

/** ip_vs's timeouts in seconds, by state. `ipvsadm --set` changes those of ESTABLISHED, FIN_WAIT and UDP. */
export const DEFAULT_TIMEOUTS_S: ReadonlyMap<number, number> = new Map([
  [STATE.NONE, 2],
  [STATE.ESTABLISHED, 900],
  [STATE.SYN_SENT, 120],
  [STATE.SYN_RECV, 60],
  [STATE.FIN_WAIT, 120],
  [STATE.TIME_WAIT, 120],
  [STATE.CLOSE, 10],
  [STATE.CLOSE_WAIT, 60],
  [STATE.LAST_ACK, 30],
  [STATE.LISTEN, 120],
  [STATE.SYNACK, 120],
  [STATE.UDP, 300],
  // Of our own: ip_vs keeps nothing of a connection of one packet, and so loses the replies of a translated one.
  [STATE.ONE_PACKET, 30],
])

/** States in which a connection counts as active, SCTP's one among them; in all others it is inactive. */
export const ACTIVE_STATES: readonly number[] = [
  STATE.ESTABLISHED,
  STATE.SYN_SENT,
  STATE.SYN_RECV,
  STATE.SYNACK,
  STATE.SCTP_ESTABLISHED,
]
