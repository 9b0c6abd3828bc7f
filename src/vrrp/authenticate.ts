import { ipBytes } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import { authenticationValue, sameValue } from '../wire/ah.ts'
import { type AdvertisementV2, AUTH_AH, AUTH_NONE, AUTH_PASS, authDataFromPassword } from '../wire/vrrp.ts'
import type { Judged } from './advertisement-checks.ts'
import type { Refusal } from './packet-checks.ts'
import type { Received } from './received.ts'

const AUTH_TYPES = { none: AUTH_NONE, pass: AUTH_PASS, ah: AUTH_AH } as const

/** The authentication of RFC 2338 section 5.3.6: none, a password, or an authentication header. Version 3 has none. */
export function authenticate({ instance, state, received, advertisement }: Judged): Refusal | undefined {
  if (advertisement.version === 3) return undefined
  const { authentication, unicastPeers } = instance
  const { source, authenticated } = received
  const wanted = AUTH_TYPES[authentication.type]
  if (advertisement.authType !== wanted) return wrongType(advertisement, wanted, received)
  if (authentication.type === 'none') return undefined
  const key = authDataFromPassword(authentication.password)
  if (authentication.type === 'pass') {
    if (sameValue(advertisement.authData, key)) return undefined
    return { drop: 'password', text: `received an invalid passwd from ${source}!` }
  }
  if (authenticated === undefined) return { drop: 'authentication-header', text: `No AH header from ${source}` }

  if (!sameValue(authenticated.icv, authenticationValue(authenticated.datagram, key, unicastPeers.length > 0))) {
    const text = 'IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !'
    return { drop: 'integrity', text: `${text} (from ${source})` }
  }
  const spi = viewOf(ipBytes(source)).getUint32(0)
  if (authenticated.spi !== spi) {
    return { drop: 'spi', text: `IPSEC AH : invalid IPSEC SPI value. ${spi} and expect ${authenticated.spi}` }
  }
  const last = state.ahHeard.get(source) ?? 0
  if (authenticated.sequence > last) return undefined
  const text = `sequence number ${authenticated.sequence} already processed. Packet dropped. Local(${last})`
  return { drop: 'replay', text: `IPSEC-AH : ${text}` }
}

function wrongType({ authType }: AdvertisementV2, wanted: number, { source }: Received): Refusal {
  const known = authType === AUTH_NONE || authType === AUTH_PASS || authType === AUTH_AH
  const text = known
    ? `received a ${authType} auth from ${source}, expecting ${wanted}!`
    : `Invalid auth type from ${source}: ${authType}`
  return { drop: 'authentication-type', text }
}
