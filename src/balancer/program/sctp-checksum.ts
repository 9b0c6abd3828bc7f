/**
 * The checksum of an SCTP packet (CRC32c) after one of its ports has changed: `crc-powers.ts` has the arithmetic. Addresses
 * are no part of it, and a port that stays what it was costs nothing.
 *
 * A checksum of 0 is none yet: the packet comes from a stack that leaves it to the card (on veth: to nobody), which
 * sums up all of the packet, and expects to find 0 there.
 */
import type { Code } from '../../bpf/code.ts'
import type { Value } from '../../bpf/value.ts'
import { CRC32C_POLYNOMIAL } from '../crc-powers.ts'
import { CRC_POWERS_OFFSET } from '../layout.ts'
import { scratchFor, type Walk, walk } from '../schedulers/walk.ts'
import { ETHERNET_BYTES, IPV4, IPV6, IPV6_BYTES, PORTS, SCTP_BYTES, SCTP_CHECKSUM } from './headers.ts'
import { isFragment, type Packet, transportHeader } from './parse.ts'
import type { Scene } from './scene.ts'

/**
 * `difference` is the raw port of that end before, exclusive-or the one now. Ends by `otherwise` where the sum cannot be
 * made right: a piece of a packet does not tell how many bytes come behind.
 */
export function fixCrc(
  { code, tables, shape, packet, looping }: Pick<Scene, 'code' | 'tables' | 'shape' | 'packet' | 'looping'>,
  end: 'source' | 'destination',
  difference: Value,
  otherwise: () => void,
): void {
  code.when(difference.ne(0), () => {
    code.guard(isFragment(packet).not(), otherwise)
    const header = transportHeader(code, packet, SCTP_BYTES, otherwise)
    const sum = header.get(SCTP_CHECKSUM)
    code.when(sum.ne(0), () => {
      const bytes = sctpBytes(packet).sub(PORTS[end][0])
      const notes = walk({ code, tables, shape, scratch: scratchFor(code, looping) }, CRC_WALK, DIGITS, [
        difference,
        bytes,
      ])
      header.set(SCTP_CHECKSUM, sum.xor(notes.get(REMAINDER).low32()))
    })
  })
}

/** Length of the transport header and what follows it. */
function sctpBytes({ family, ip, transportAt }: Packet): Value {
  const behindEthernet = family === 4 ? ip.get(IPV4.totalLength) : ip.get(IPV6.payloadLength).add(IPV6_BYTES)
  return behindEthernet.add(ETHERNET_BYTES).sub(transportAt)
}

/** What the walk remembers: the remainder so far, and the number of bytes. */
const REMAINDER = 0
const BYTES = 1
/** Hexadecimal digits of a length. */
const DIGITS = 4

/** The remainder times x^(8 · bytes): a product for each hexadecimal digit of the number, a bit at a time. */
export const CRC_WALK: Walk = {
  name: 'crc_shift',
  step: ({ code, tables }, notes, round) => {
    const place = round.and(DIGITS - 1)
    const digit = notes.get(BYTES).shr(place.shl(2)).and(15)
    const power = digit.add(place.shl(4)).shl(2).add(CRC_POWERS_OFFSET)
    const multiple = code.variable(tables.settings(power).get([0, 'u32']), 32)
    const factor = code.variable(notes.get(REMAINDER).low32(), 32)
    const product = code.variable(0, 32)
    code.repeat(32, () => {
      product.set(product.xor(multiple.and(allOnesIf(code, factor.shr(31)))))
      factor.set(factor.shl(1).low32())
      multiple.set(multiple.shr(1).xor(allOnesIf(code, multiple.and(1)).and(CRC32C_POLYNOMIAL)))
    })
    notes.set(REMAINDER, product)
  },
}

/** All 32 bits set for 1, none for 0. */
function allOnesIf(code: Code, bit: Value): Value {
  return code.constant(0).sub(bit).low32()
}
