/** The same frames, read by tcpdump itself. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { concat } from '../bytes/concat.ts'
import { viewOf } from '../bytes/view.ts'
import { FRAMES } from './testdata/frames.ts'

/** What we say otherwise, and why. */
const OUR_OWN: Readonly<Record<string, string>> = {
  'arp inverse': 'inverse ARP is for frame relay',
  'arp cut short': 'tcpdump prints no more than the brackets',
  vlan: 'tcpdump tells the tag with -e only',
}

const missing = spawnSync('tcpdump', ['--version']).error === undefined ? false : 'tcpdump is not installed'

test('printFrame() agrees with tcpdump', { skip: missing }, () => {
  const lines = tcpdump(FRAMES.map(([, frame]) => frame))
  assert.equal(lines.length, FRAMES.length)
  for (const [i, [name, , line]] of FRAMES.entries()) {
    if (OUR_OWN[name] === undefined) assert.equal(line, lines[i]?.replaceAll(/ +/g, ' '), name)
  }
})

function tcpdump(frames: readonly Uint8Array[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-frames-'))
  try {
    const file = join(directory, 'frames.pcap')
    writeFileSync(file, capture(frames))
    const { stdout } = spawnSync('tcpdump', ['-nn', '-S', '-t', '-r', file], { encoding: 'utf8' })
    return stdout.split('\n').filter(line => line !== '' && !line.startsWith('\t'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A capture file: 24 bytes of header (magic, version 2.4, snapshot length, Ethernet), 16 before each frame. */
function capture(frames: readonly Uint8Array[]): Uint8Array {
  const header = new Uint8Array(24)
  const view = viewOf(header)
  view.setUint32(0, 0xa1b2c3d4)
  view.setUint16(4, 2)
  view.setUint16(6, 4)
  view.setUint32(16, 65535)
  view.setUint32(20, 1)
  const records = frames.flatMap(frame => {
    const record = new Uint8Array(16)
    viewOf(record).setUint32(8, frame.length)
    viewOf(record).setUint32(12, frame.length)
    return [record, frame]
  })
  return concat(header, ...records)
}
