/** What a table may ask for at most: the kernel follows every way through the program, and gives up after a million steps. */
import assert from 'node:assert/strict'
import { closeSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { REGION_NAMES, regionBytes, type TableFacts } from '../../src/balancer/layout.ts'
import { PROGRAM_SLOTS, PROGRAMS_MAP } from '../../src/balancer/program/dispatch.ts'
import { generation } from '../../src/balancer/program/generation.ts'
import { TC } from '../../src/balancer/program/hook.ts'
import type { Shape } from '../../src/balancer/shape.ts'
import { compile } from '../../src/bpf/compile.ts'
import { createMap, loadProgram, MAP_TYPE } from '../../src/kernel/bpf.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { SCHEDULERS } from '../../src/model/service.ts'

const FACTS: TableFacts = {
  capacity: {
    services: 4096,
    destinations: 4096,
    connections: 4096,
    processors: 2,
    rings: 256,
    localities: 1024,
  },
  hashSeed: 0x0123_4567_89ab_cdefn,
  hertz: 250,
}
const EVERYTHING: Shape = {
  families: [4, 6],
  protocols: ['tcp', 'udp', 'sctp'],
  schedulers: SCHEDULERS,
  persistence: true,
  onePacket: true,
  thresholds: true,
  methods: ['route', 'masquerade', 'tunnel'],
  tunnels: ['ipip', 'gue', 'gre'],
  tunnelFamilies: [4, 6],
  marks: true,
  anyPort: true,
  hashPort: true,
  hashFallback: true,
  sync: true,
  walkMax: 16,
}
const MILLION = 1_000_000

test('the verifier accepts the program that can do everything, with room to spare', {
  skip: needsRoot,
  timeout: 120_000,
}, t => {
  const bytes = regionBytes(FACTS.capacity)
  const map = (type: number, valueBytes: number, entries: number, mappable: boolean) => {
    const fd = createMap({ name: 'sluice_test', type, keyBytes: 4, valueBytes, entries, mappable })
    t.after(() => closeSync(fd))
    return fd
  }
  const regions = REGION_NAMES.map(name => [name, map(MAP_TYPE.ARRAY, bytes[name], 1, true)] as const)
  const descriptors = {
    ...Object.fromEntries(regions),
    [PROGRAMS_MAP]: map(MAP_TYPE.PROG_ARRAY, 4, PROGRAM_SLOTS, false),
  }
  for (const { name, source } of generation(TC, FACTS, EVERYTHING)) {
    const program = loadProgram(compile(source('helper')), descriptors)
    t.after(() => closeSync(program))
    const steps = /verified_insns:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${program}`, 'utf8'))?.[1]
    assert.ok(Number(steps) < (MILLION * 4) / 5, `${name.split(' ')[0]}: ${steps} steps`)
  }
})
