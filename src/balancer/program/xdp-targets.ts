/**
 * Which interfaces take frames that XDP sends, as the director at XDP finds them: a record for each, at the place that the
 * low bits of its number say.
 *
 *  +-------------------------------+-------------------------------+
 *  |      the interface's number   |  1: its driver sends back     |
 *  +-------------------------------+-------------------------------+
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Scalar, Value } from '../../bpf/value.ts'

export const XDP_TARGETS_MAP = 'xdp_targets'
const TARGETS = 1024
const TARGET_BYTES = 8
const TARGET = { ifindex: [0, 'u32'], sendsBack: [4, 'u32'] } as const
export const XDP_TARGETS_BYTES: number = TARGETS * TARGET_BYTES

const XDP_PASS = 2
const XDP_TX = 3

export interface XdpTarget {
  readonly ifindex: number
  /** What came in by it may leave by it without a detour, XDP_TX. A veth's driver forgets to tell its other end then. */
  readonly sendsBack: boolean
}

/** The map's contents for these interfaces. */
export function encodeXdpTargets(targets: readonly XdpTarget[]): Uint8Array {
  const words = new Uint32Array(XDP_TARGETS_BYTES / 4)
  for (const { ifindex, sendsBack } of targets) words.set([ifindex, Number(sendsBack)], 2 * (ifindex % TARGETS))
  return new Uint8Array(words.buffer)
}

/** Passes what would leave by an interface that takes no frames from XDP. */
export function leaveUntaken(code: Code, ifindex: Value): void {
  code.guard(targetOf(code, ifindex).get(TARGET.ifindex).eq(ifindex), () => code.exit(XDP_PASS))
}

/** Sends the frame by one that does, having come in by `arrival`; the result is the verdict. */
export function sendFromXdp(code: Code, arrival: Value, ifindex: Scalar): Value {
  const back = arrival.eq(ifindex).and(targetOf(code, arrival).get(TARGET.sendsBack).ne(0))
  const verdict = code.variable(XDP_TX)
  code.when(back.not(), () => verdict.set(code.call(HELPER.redirect, ifindex, 0)))
  return verdict
}

function targetOf(code: Code, ifindex: Value): Pointer {
  const place = ifindex.and(TARGETS - 1).mul(TARGET_BYTES)
  return code.region({ map: XDP_TARGETS_MAP, bytes: XDP_TARGETS_BYTES }, place, TARGET_BYTES)
}
