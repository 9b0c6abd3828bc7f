/**
 * The two places where a packet can be met, and how they differ: what the context holds and what a verdict is called.
 * The rest of the program is the same text for both.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramType } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Field, Pointer, Scalar, Value } from '../../bpf/value.ts'
import { sendFromXdp } from './xdp-targets.ts'

export interface Hook {
  readonly type: ProgramType
  /** Go on as if we were not there: to the next program, then to the stack. */
  readonly pass: number
  readonly drop: number
  /** To the stack, whose address it has. */
  readonly local: number
  /** The packet's length without its Ethernet header; a tc packet may stand for many (GSO). */
  ipBytes(code: Code, context: Pointer, data: Value): Value
  readonly data: Field
  readonly dataEnd: Field
  readonly interface: Field
  /** PACKET_HOST and its kin of <linux/if_packet.h>; XDP does not know. */
  readonly packetType?: Field
  /** The firewall mark, where only packets come that a service may take by it. */
  readonly mark?: Field
  /** Payload of each segment that will be made of a packet which stands for many; 0 if it does not. */
  readonly gsoSize?: Field
  /** Sends the packet as it is now; the result is the verdict. */
  redirect(code: Code, ifindex: Scalar): Value
}

/** Bytes of the context that the program may look at. */
export const CONTEXT_BYTES = 192

/** For us. */
export const PACKET_HOST = 0
/** For somebody else's hardware address: a switch that has forgotten where that is sends it everywhere. */
export const PACKET_OTHERHOST = 3

/** `struct __sk_buff`. TC_ACT_UNSPEC is also TCX_NEXT. */
export const TC: Hook = {
  type: 'tc',
  pass: -1,
  drop: 2,
  local: -1,
  data: [76, 'u32'],
  dataEnd: [80, 'u32'],
  interface: [40, 'u32'],
  packetType: [4, 'u32'],
  gsoSize: [176, 'u32'],
  ipBytes: (_code, context) => context.get([0, 'u32']).sub(14),
  redirect: (code, ifindex) => code.call(HELPER.redirect, ifindex, 0),
}

/**
 * Behind the input hook of netfilter, over the cable of kernel/marked-packets.ts. What no service takes ends here: the
 * copy that came is all there is of the packet. It has one hop less and DF set (nf_dup_ipv4.c).
 */
export const MARKED: Hook = { ...TC, pass: 2, mark: [8, 'u32'] }

/** `struct xdp_md`. */
export const XDP: Hook = {
  type: 'xdp',
  pass: 2,
  drop: 1,
  local: 2,
  data: [0, 'u32'],
  dataEnd: [4, 'u32'],
  interface: [12, 'u32'],
  ipBytes: (_code, context, data) => context.get([4, 'u32']).sub(data).sub(14),
  redirect: (code, ifindex) =>
    sendFromXdp(code, code.pointer(code.parameter(0), CONTEXT_BYTES).get([12, 'u32']), ifindex),
}
