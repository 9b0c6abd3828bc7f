import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Mac, parseMac } from '../bytes/address.ts'
import { Failure } from '../diagnostics/failure.ts'
import { printFrame } from '../wire/print.ts'
import { parseQuestion, type QuestionOptions, questionText } from './question.ts'
import { questionFrame } from './question-frame.ts'

const HERE = parseMac('02:00:00:00:00:02') as Mac
const THERE = parseMac('02:00:00:00:00:01') as Mac

function printed(words: string, options: QuestionOptions = {}): string {
  return printFrame(questionFrame(parseQuestion(words.split(' '), options), THERE, HERE))
}

test('questionFrame() makes the packet that is asked about', () => {
  assert.equal(
    printed('tcp 203.0.113.7:40000 192.0.2.1:80'),
    'IP 203.0.113.7.40000 > 192.0.2.1.80: Flags [S], seq 1, win 64240, length 0',
  )
  assert.equal(
    printed('tcp [2001:db8::7]:40000 [2001:db8::1]:80 fin,psh', { length: 100 }),
    'IP6 2001:db8::7.40000 > 2001:db8::1.80: Flags [FP], seq 1:41, win 64240, length 40',
  )
  assert.match(printed('udp 203.0.113.7:5 192.0.2.1:53', { length: 33 }), /UDP, length 5/)
  assert.match(
    printed('icmp 203.0.113.1 192.0.2.1 too-big', { quoting: 'udp 192.0.2.1:53 203.0.113.7:5' }),
    /need to frag \(mtu 1400\)/,
  )
  assert.match(printed('icmp 2001:db8::7 2001:db8::1 echo'), /ICMP6, echo request/)
  assert.equal(
    questionText(parseQuestion(['sctp', '203.0.113.7:5', '192.0.2.1:53'])),
    'sctp 203.0.113.7:5 192.0.2.1:53 init',
  )
})

test('parseQuestion() refuses what is no packet, in one sentence', () => {
  for (const [words, message] of [
    ['tcp 203.0.113.7:40000', /a packet is PROTOCOL SOURCE DESTINATION/],
    ['ftp 203.0.113.7:1 192.0.2.1:2', /"ftp" is none of tcp, udp, sctp, icmp/],
    ['tcp 203.0.113.7 192.0.2.1:80', /"203.0.113.7" is not ADDRESS:PORT/],
    ['tcp 203.0.113.7:70000 192.0.2.1:80', /is not ADDRESS:PORT/],
    ['tcp 2001:db8::7:80 192.0.2.1:80', /IPv6 goes into brackets/],
    ['tcp [2001:db8::7]:80 192.0.2.1:80', /different address families/],
    ['tcp 203.0.113.7:1 192.0.2.1:80 sin', /"sin" is no TCP segment/],
    ['udp 203.0.113.7:1 192.0.2.1:80 syn', /a UDP datagram has no flags/],
    ['icmp 203.0.113.7 192.0.2.1 too-big', /--quoting/],
    ['icmp 203.0.113.7:1 192.0.2.1', /ICMP has no ports/],
    ['tcp 203.0.113.7:1 192.0.2.1:80 syn now', /a packet is PROTOCOL/],
  ] as const)
    assert.throws(
      () => parseQuestion(words.split(' ')),
      (error: unknown) => {
        assert.ok(error instanceof Failure)
        assert.equal(error.status, 2)
        assert.match(error.message, message)
        return true
      },
    )
  const short = parseQuestion(['tcp', '203.0.113.7:1', '192.0.2.1:80'], { length: 30 })
  assert.throws(() => questionFrame(short, THERE, HERE), /from 40 to 65535 bytes/)
})
