/**
 * How an SCTP checksum (CRC32c, RFC 9260 appendix A) changes with a few bytes of its packet.
 *
 * A CRC is linear: two packets that differ in some bytes have checksums that differ by the CRC of that difference, with
 * zeros behind it. A byte of zero multiplies the remainder by x^8, so n of them do by x^(8n). Polynomials over two
 * elements are written as the checksum is: reflected, the highest power in the lowest bit.
 */

/** Castagnoli's polynomial, without its highest power. */
export const CRC32C_POLYNOMIAL = 0x82f6_3b78
/** The polynomial 1. */
const ONE = 0x8000_0000
const X_TO_8 = 0x0080_0000

/** The product of two remainders. */
export function multiplyCrc(left: number, right: number): number {
  let product = 0
  let multiple = right
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((left & bit) !== 0) product ^= multiple
    multiple = (multiple & 1) !== 0 ? (multiple >>> 1) ^ CRC32C_POLYNOMIAL : multiple >>> 1
  }
  return product >>> 0
}

/** Four times sixteen words: x^(8n) for n = digit · 16^place. Any length of 16 bits is a product of four of them. */
export function crcPowers(): readonly number[] {
  const powers: number[] = []
  let unit = X_TO_8
  for (let place = 0; place < 4; place++) {
    let power = ONE
    for (let digit = 0; digit < 16; digit++) {
      powers.push(power)
      power = multiplyCrc(power, unit)
    }
    unit = power
  }
  return powers
}
