/** Why a packet that concerned a service was not forwarded: the table's counts in words, and what can be done. */

interface ReasonText {
  readonly text: string
  readonly remedy?: string
}

const REASON_TEXTS: Readonly<Record<string, ReasonText>> = {
  'not-scheduled': {
    text: 'no connection of it is known, and it begins none; the stack refuses it',
    remedy: "its connection has expired, is another director's, or never began here: see sluice ipvsadm -Lnc",
  },
  'no-destination': {
    text: 'no server takes new connections',
    remedy: 'give one a weight, or see what its checks say: sluice status',
  },
  'destination-gone': {
    text: 'its server was removed, and the connection is not moved to another',
    remedy: 'the client must begin anew; drain a server (weight 0) before it is removed',
  },
  'table-full': {
    text: 'the connection table has no place for it',
    remedy: 'shorten timeouts (sluice ipvsadm --set), or wait until connections expire',
  },
  ttl: { text: 'its TTL is used up: it has come too far', remedy: 'see whether packets go round in a circle' },
  fragment: { text: 'it is a piece of an IPv6 packet, which the data path does not follow' },
  'no-route': { text: 'there is no way to the server' },
  truncated: { text: 'its header is cut short, or there is no room to wrap it' },
  'too-big': {
    text: 'it is longer than the way to the server takes',
    remedy: 'the sender is told and sends less; where ICMP is filtered on the way, clamp the MSS or raise the MTU',
  },
  defence: {
    text: 'the table is nearly full, and defends itself by dropping some packets (drop_packet)',
    remedy: 'see sluice sysctl net.ipv4.vs.drop_packet, and who fills the table',
  },
  'error-limit': { text: 'so many ICMP errors were sent of late that this one is not' },
}

/** By the name that the table counts it under. */
export function reasonText(reason: string): ReasonText {
  return REASON_TEXTS[reason] ?? { text: `counted as ${reason}` }
}
