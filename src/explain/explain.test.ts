/**
 * Explanations as a person reads them: `testdata/explanations.txt`. Each packet is explained, then really handed to the
 * table, so that the next one finds what it left. `UPDATE=1` writes the file anew; read what changed before keeping it.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { InterpretedTable } from '../balancer/interpreted-table.ts'
import { ip } from '../bytes/address.ts'
import { hex } from '../bytes/hex.ts'
import type { ServiceKey } from '../model/service.ts'
import type { Host } from './host.ts'
import type { QuestionOptions } from './question.ts'
import { renderExplanation } from './render-explanation.ts'
import { ask, ETH0, HOST, VIP } from './sample.ts'

const TRANSCRIPT = new URL('testdata/explanations.txt', import.meta.url)
const WEB: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const DNS: ServiceKey = { kind: 'address', protocol: 'UDP', address: VIP, port: 53 }
const SERVER = { port: 80, weight: 1, upperThreshold: 0, lowerThreshold: 0, forwarding: { method: 'route' } } as const
const PLAIN = { schedulerFlags: [], onePacket: false, persistence: undefined, persistenceEngine: undefined } as const

const QUESTIONS: readonly (readonly [words: string, options?: QuestionOptions, host?: Host])[] = [
  ['tcp 203.0.113.1:4001 192.168.41.249:80'],
  ['tcp 203.0.113.1:4001 192.168.41.249:80 established'],
  ['tcp 203.0.113.2:4001 192.168.41.249:80'],
  ['tcp 10.0.0.12:8080 203.0.113.2:4001 synack'],
  ['tcp 203.0.113.1:4002 192.168.41.249:80'],
  ['tcp 203.0.113.1:4001 192.168.41.249:80 ack', { length: 1600 }],
  ['icmp 203.0.113.9 192.168.41.249 too-big', { quoting: 'tcp 192.168.41.249:80 203.0.113.2:4001 ack' }],
  ['tcp 203.0.113.9:4009 192.168.41.249:80 established'],
  ['tcp 203.0.113.9:4009 192.168.41.249:8080'],
  ['udp 203.0.113.9:4009 192.168.41.249:53'],
  ['udp 203.0.113.9:4009 192.168.41.249:53', { fragment: 'later' }],
  ['tcp 203.0.113.9:4009 192.168.41.249:80', { ttl: 1 }],
  [
    'tcp 203.0.113.1:4001 192.168.41.249:80 fin',
    {},
    { ...HOST, addresses: [], routers: [{ name: 'VI_1', state: 'BACKUP', addresses: [VIP] }] },
  ],
]

test('explanations read as they were reviewed', () => {
  const table = new InterpretedTable()
  table.addService({ ...PLAIN, key: WEB, scheduler: 'wlc', persistence: { timeoutS: 300, prefix: 32 } })
  table.addService({ ...PLAIN, key: DNS, scheduler: 'rr' })
  table.addDestination(WEB, { ...SERVER, address: ip('10.0.0.11') })
  table.addDestination(WEB, { ...SERVER, address: ip('10.0.0.13'), weight: 0 })
  table.addDestination(WEB, { ...SERVER, address: ip('10.0.0.14'), upperThreshold: 1 })
  table.addDestination(WEB, { ...SERVER, address: ip('10.0.0.12'), port: 8080, forwarding: { method: 'masquerade' } })
  table.addDestination(WEB, {
    ...SERVER,
    address: ip('10.0.0.15'),
    weight: 2,
    forwarding: { method: 'tunnel', tunnel: { type: 'ipip' } },
  })
  const paragraphs = QUESTIONS.map(([words, options, host]) => {
    const explanation = ask(table, words, options, host)
    table.receive(hex(explanation.packet.frame))
    return renderExplanation(explanation)
  })
  const text = paragraphs.join(`\n${'-'.repeat(100)}\n\n`)
  if (process.env.UPDATE === '1') writeFileSync(TRANSCRIPT, text)
  assert.equal(text, readFileSync(TRANSCRIPT, 'utf8'))
})

test('explain() does not change the table', () => {
  const table = new InterpretedTable()
  table.addService({ ...PLAIN, key: WEB, scheduler: 'rr' })
  table.addDestination(WEB, { ...SERVER, address: ip('10.0.0.11') })
  const before = Object.values(table.backing.memory).map(bytes => bytes.slice())
  assert.equal(ask(table, `tcp 203.0.113.1:4001 ${VIP}:80`).verdict.action, 'sent')
  assert.deepEqual(Object.values(table.backing.memory), before)
})

test('explain() says why a packet does not come to the program', () => {
  const table = new InterpretedTable()
  const words = `tcp 203.0.113.1:4001 ${VIP}:80`
  const down = ask(table, words, {}, HOST, { ...ETH0, up: false })
  assert.deepEqual([down.verdict.action, down.verdict.remedy], ['unmet', 'switch it on: ip link set eth0 up'])
  const bare = ask(table, words, {}, HOST, { ...ETH0, attached: false })
  assert.match(bare.verdict.text, /eth0 has no program/)
})

test('explain() tells what the kernel has against the way', () => {
  const table = new InterpretedTable()
  table.addService({ ...PLAIN, key: WEB, scheduler: 'rr' })
  table.addDestination(WEB, { ...SERVER, address: ip('10.0.0.11') })
  const withResult = (result: number): Host => ({ ...HOST, lookUpRoute: parameters => ({ result, parameters }) })
  const verdicts = [2, 4, 5, 7].map(result => ask(table, `tcp 203.0.113.1:1 ${VIP}:80`, {}, withResult(result)).verdict)
  assert.deepEqual(
    verdicts.map(({ action }) => action),
    ['dropped', 'passed', 'dropped', 'sent'],
  )
  assert.match(verdicts[0]!.text, /there is no route to it/)
  assert.match(verdicts[2]!.remedy!, /sysctl -w net.ipv4.conf.lo.forwarding=1/)
  assert.match(verdicts[3]!.text, /once the kernel knows the MAC address/)
})
