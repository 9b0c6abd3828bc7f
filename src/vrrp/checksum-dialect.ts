/**
 * RFC 9568 section 7.1: MUST verify the VRRP checksum. Which, there are several opinions of.
 *
 * Version 2 over IPv4 has one over the message alone. Version 3 over IPv4 comes with a pseudo-header (RFC 5798 as
 * keepalived and FRR read it), without (RFC 9568 section 5.2.8), or, from keepalived up to 1.3.6 by unicast, with one
 * that names the multicast group. A checksum guards against accidents alone, so each of them is good enough. IPv6 has
 * its pseudo-header, without exception.
 */
import { checksum } from '../bytes/checksum.ts'
import { advertisementLength, vrrpPseudoSum } from '../wire/vrrp.ts'
import type { Judged } from './advertisement-checks.ts'
import type { Objection } from './objection.ts'
import { sequenceOf } from './signature.ts'

export function checkChecksum({ instance, received, advertisement }: Judged): Objection | undefined {
  const { source, destination, payload } = received
  const { version } = advertisement
  const length = advertisementLength(version, instance.family, advertisement.addresses.length)
  // Over IPv6 the checksum is the kernel's, and takes the trailer of a signature in.
  const signed = instance.family === 6 && sequenceOf(instance, payload) !== undefined
  const message = signed ? payload : payload.subarray(0, length)
  const right = (pseudo: number) => checksum(message, pseudo) === 0
  const wrong: Objection = { drop: 'checksum', text: `Invalid VRRPv${version} checksum from ${source}` }

  if (version === 2 && instance.family === 4) return right(0) ? undefined : wrong
  if (right(vrrpPseudoSum(source, destination, message.length))) return undefined
  if (instance.family === 6) return wrong
  if (right(0)) {
    if (instance.checksumWithoutPseudoHeader) return undefined
    return { remark: 'checksum-dialect', text: `VRRPv3 checksum from ${source} leaves out the pseudo-header` }
  }
  if (right(vrrpPseudoSum(source, instance.multicastGroup, message.length))) {
    return { remark: 'checksum-dialect', text: `VRRPv3 checksum from ${source} is of the old unicast kind` }
  }
  return wrong
}
