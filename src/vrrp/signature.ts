/** Signed advertisements (`auth_hmac`): which number signs the next one, and what is wrong with one that came. */
import type { Ip } from '../bytes/address.ts'
import { readKey } from '../model/signing-key.ts'
import type { Signature, VrrpInstance } from '../model/vrrp-instance.ts'
import { sameValue } from '../wire/ah.ts'
import { advertisementLength } from '../wire/vrrp.ts'
import { decodeVrrpTrailer, encodeVrrpTrailer, VRRP_TRAILER_LENGTH, vrrpHmac } from '../wire/vrrp-trailer.ts'
import type { Judged } from './advertisement-checks.ts'
import type { Objection } from './objection.ts'

/**
 * The sequence number after `last`: the time of day, or one more where that is not ahead. After the clock was set back, a
 * router whose numbers are told by time begins anew from it, or nobody would believe it for as long.
 */
export function nextSequence(signature: Signature, last: bigint, wallClockMs: number): bigint {
  const clock = sequenceAt(wallClockMs)
  if (isLater(clock, last)) return clock
  const aheadS = secondsOf(last) - secondsOf(clock)
  return signature.windowS !== undefined && aheadS > signature.windowS ? clock : BigInt.asUintN(64, last + 1n)
}

/** The trailer for an advertisement of this instance; empty if it signs none. */
export function sign({ signature }: VrrpInstance, source: Ip, message: Uint8Array, sequence: bigint): Uint8Array {
  if (signature === undefined || signature.mode === 'receive-only') return new Uint8Array(0)
  const keyId = signature.activeKey
  const key = keyOf(signature, keyId)
  if (key === undefined) throw new Error(`auth_hmac has no key ${keyId}`)
  return encodeVrrpTrailer({ keyId, sequence, hmac: vrrpHmac(key, source, message, { keyId, sequence }) })
}

/** The sequence number of a signed advertisement; undefined where there is no trailer, or none is wanted. */
export function sequenceOf(instance: VrrpInstance, payload: Uint8Array): bigint | undefined {
  const trailer = trailerOf(instance, payload)
  const decoded = trailer === undefined ? undefined : decodeVrrpTrailer(trailer)
  return decoded?.ok ? decoded.value.sequence : undefined
}

export function verifySignature({ instance, state, received, options }: Judged): Objection | undefined {
  const { signature, unicastPeers } = instance
  if (signature === undefined) return undefined
  const { source, payload } = received
  const trailer = trailerOf(instance, payload)
  if (trailer === undefined) {
    if (signature.mode !== 'enforce') return undefined
    return { drop: 'signature-missing', text: `missing authentication trailer from ${source}` }
  }
  if (unicastPeers.length > 0 && !unicastPeers.includes(source))
    return { drop: 'source', text: `unicast source address ${source} not a unicast peer` }
  const decoded = decodeVrrpTrailer(trailer)
  if (!decoded.ok) return { drop: 'signature-malformed', text: `malformed authentication trailer from ${source}` }

  const { keyId, sequence, hmac } = decoded.value
  const { windowS } = signature
  const skewS = secondsOf(sequenceAt(options.wallClockMs)) - secondsOf(sequence)
  // Before the costly part, so that old captures cannot be used to keep the processor busy.
  if (windowS !== undefined && Math.abs(skewS) > windowS) {
    const text = `stale authentication trailer from ${source}, clock skew ${skewS} sec exceeds window ${windowS} sec`
    return { drop: 'signature-stale', text }
  }
  const key = keyOf(signature, keyId)
  if (key === undefined) return { drop: 'signature-key', text: `unknown authentication key id ${keyId} from ${source}` }
  const message = payload.subarray(0, payload.length - VRRP_TRAILER_LENGTH)
  if (!sameValue(hmac, vrrpHmac(key, source, message, { keyId, sequence })))
    return { drop: 'signature', text: `invalid authentication HMAC from ${source}` }
  const last = state.signed.get(source)
  // A mark that the window would not let pass says nothing any more: its sender's clock was set right since.
  const counts = windowS === undefined || isWithin(last, options.wallClockMs, windowS)
  if (last !== undefined && counts && !isLater(sequence, last))
    return { drop: 'signature-replayed', text: `replayed authentication trailer from ${source}` }
  if (windowS === undefined || Math.abs(skewS) <= windowS / 2) return undefined
  const text = `authentication clock skew ${skewS} sec from ${source} approaching window ${windowS} sec`
  return { remark: 'clock-skew', text }
}

/** Told from the length alone: padding cannot reach this size. */
function trailerOf(instance: VrrpInstance, payload: Uint8Array): Uint8Array | undefined {
  if (instance.signature === undefined) return undefined
  const length = advertisementLength(instance.version, instance.family, payload[3]!)
  return payload.length === length + VRRP_TRAILER_LENGTH ? payload.subarray(length) : undefined
}

function keyOf({ keys }: Signature, id: number): Uint8Array | undefined {
  const text = keys.find(key => key.id === id)?.key
  return text === undefined ? undefined : readKey(text)
}

/** Seconds in the upper half, their 65536th parts below, and room for a counter. */
function sequenceAt(wallClockMs: number): bigint {
  const seconds = Math.floor(wallClockMs / 1000)
  const fraction = Math.floor(((wallClockMs / 1000 - seconds) * 0x1_0000) % 0x1_0000)
  return (BigInt(seconds) << 32n) | (BigInt(fraction) << 16n)
}

function secondsOf(sequence: bigint): number {
  return Number(sequence >> 32n)
}

/** By serial number arithmetic (RFC 1982), which survives the year 2106. */
function isLater(a: bigint, b: bigint): boolean {
  return BigInt.asIntN(64, a - b) > 0n
}

function isWithin(sequence: bigint | undefined, wallClockMs: number, windowS: number): boolean {
  if (sequence === undefined) return false
  return Math.abs(secondsOf(sequenceAt(wallClockMs)) - secondsOf(sequence)) <= windowS
}
