import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { picture } from './picture.ts'
import { type Output, Screen } from './screen.ts'
import { HOSTS } from './topology.ts'

class Recorder implements Output {
  readonly isTTY: boolean
  text = ''
  constructor(isTTY: boolean) {
    this.isTTY = isTTY
  }
  write(text: string): void {
    this.text += text
  }
}

test('times stand in one column, bounds behind them', () => {
  const output = new Recorder(false)
  const screen = new Screen(output)
  screen.check(true, 'short', 12, 3804.7)
  screen.check(false, 'a little longer', 12_345)
  const [first = '', second = ''] = output.text.split('\n')
  assert.match(first, /^ {3}✓ short +0\.01 s {2}\(at most 3\.80 s\)$/)
  assert.match(second, /^ {3}✗ a little longer +12\.35 s$/)
  assert.equal(first.indexOf(' s '), second.length - 2)
  assert.deepEqual([screen.passed, screen.failed], [1, 1])
})

test('off a terminal there is no colour and no cursor movement', async () => {
  const output = new Recorder(false)
  const screen = new Screen(output)
  screen.wait('the end', 1000)
  await sleep(150)
  screen.check(true, 'done', 1)
  assert.ok(!output.text.includes('\x1b') && !output.text.includes('\r'), JSON.stringify(output.text))
})

test('on a terminal the waiting is written over by what comes next', async () => {
  const output = new Recorder(true)
  const screen = new Screen(output)
  screen.wait('the end', 1000)
  await sleep(150)
  screen.check(true, 'done', 1)
  assert.match(output.text, /… the end: 0\.\d\d s, at most 1\.00 s/)
  const [last = ''] = output.text.trimEnd().split('\r\x1b[2K').slice(-1)
  assert.match(last, /done/)
})

test('the picture names every host with its address, within 80 columns', () => {
  const lines = picture().split('\n')
  for (const { name, addresses } of Object.values(HOSTS)) {
    assert.ok(picture().includes(name))
    assert.ok(picture().includes(addresses[0]))
  }
  assert.ok(lines.every(line => line.length <= 90))
})
