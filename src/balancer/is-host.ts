import { type Ip, ipBytes, ipFamily } from '../bytes/address.ts'

/** What a real server's address may be (ip_vs_new_dest): no group, no broadcast, nothing link-local or mapped of IPv6. */
export function isHost(address: Ip): boolean {
  const [first = 0, second = 0] = ipBytes(address)
  if (ipFamily(address) === 4) return address !== '0.0.0.0' && address !== '255.255.255.255' && (first & 0xf0) !== 0xe0
  const linkLocal = first === 0xfe && (second & 0xc0) === 0x80
  const mapped = /^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(address)
  return address !== '::' && first !== 0xff && !linkLocal && !mapped
}
