import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hex } from '../bytes/hex.ts'
import { sightAdvert, sightArp } from './sighting.ts'

const ETHERNET = 'ffffffffffff 0200c0a829b5 0806'
const arp = (operation: string, target: string) =>
  hex(`${ETHERNET} 0001 0800 0604 ${operation} 0200c0a829b5 c0a829f9 000000000000 ${target}`)

test('sightArp() takes an answer and a gratuitous request as claims, a question as none', () => {
  const claim = { kind: 'arp', at: 5, mac: '02:00:c0:a8:29:b5', address: '192.168.41.249' }
  assert.deepEqual(sightArp(arp('0001', 'c0a829f9'), 5), { ...claim, gratuitous: true })
  assert.deepEqual(sightArp(arp('0002', 'c0a8280b'), 5), { ...claim, gratuitous: false })
  assert.equal(sightArp(arp('0001', 'c0a8280b'), 5), undefined)
})

test('sightAdvert() reads past the IP header', () => {
  const packet = hex('45c00028 00010000 ff7051e7 c0a829b5 e0000012 21336401 0101d3f3 c0a829f9 31313131 00000000')
  assert.deepEqual(sightAdvert(packet, 7), { kind: 'advert', at: 7, source: '192.168.41.181', priority: 100 })
})

test('what strangers send never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      sightArp(bytes, 0)
      sightAdvert(bytes, 0)
    }),
  )
})
