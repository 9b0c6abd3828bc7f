/** Every shape of program is loaded: no table that somebody makes is the first to find out what a verifier thinks of it. */
import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { test } from 'node:test'
import { REGION_NAMES, regionBytes, type TableFacts } from '../../src/balancer/layout.ts'
import { dispatcher, PROGRAM_SLOTS, PROGRAMS_MAP } from '../../src/balancer/program/dispatch.ts'
import { generation } from '../../src/balancer/program/generation.ts'
import { type Hook, TC, XDP } from '../../src/balancer/program/hook.ts'
import { clock, sweeper } from '../../src/balancer/program/sweep.ts'
import { XDP_TARGETS_BYTES, XDP_TARGETS_MAP } from '../../src/balancer/program/xdp-targets.ts'
import type { ProgramSource } from '../../src/bpf/compile.ts'
import { createMap, loadSource, MAP_TYPE } from '../../src/kernel/bpf.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { pairwiseShapes } from './shapes.ts'

const FACTS: TableFacts = {
  capacity: { services: 4096, destinations: 4096, connections: 4096, processors: 2, rings: 256, localities: 1024 },
  hashSeed: 0x0123_4567_89ab_cdefn,
  hertz: 250,
}
const HOOKS: readonly Hook[] = [TC, XDP]

for (const hook of HOOKS) {
  test(`the verifier accepts every shape of program at ${hook.type}`, { skip: needsRoot, timeout: 1_200_000 }, t => {
    const bytes = regionBytes(FACTS.capacity)
    const map = (type: number, valueBytes: number, entries: number, mappable: boolean) => {
      const fd = createMap({ name: 'sluice_test', type, keyBytes: 4, valueBytes, entries, mappable })
      t.after(() => closeSync(fd))
      return fd
    }
    const descriptors = {
      ...Object.fromEntries(REGION_NAMES.map(name => [name, map(MAP_TYPE.ARRAY, bytes[name], 1, true)] as const)),
      // Programs in one array are of one type.
      [PROGRAMS_MAP]: map(MAP_TYPE.PROG_ARRAY, 4, PROGRAM_SLOTS, false),
      [XDP_TARGETS_MAP]: map(MAP_TYPE.ARRAY, XDP_TARGETS_BYTES, 1, true),
    }
    const refused: string[] = []
    const tryLoad = (what: string, source: ProgramSource) => {
      try {
        closeSync(loadSource(source, descriptors))
      } catch (error) {
        refused.push(`${what}: ${error instanceof Error ? error.message : error}`)
      }
    }
    tryLoad('dispatcher', dispatcher(hook))
    if (hook === TC) {
      tryLoad('sweeper', sweeper(FACTS, 'helper'))
      tryLoad('clock', clock())
    }
    const shapes = pairwiseShapes()
    for (const shape of shapes) {
      for (const { name, source } of generation(hook, FACTS, shape)) tryLoad(name, source('helper'))
    }
    t.diagnostic(`${shapes.length} shapes`)
    assert.deepEqual(refused, [])
  })
}
