import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Tracked, Tracking, VrrpInstance, VrrpSyncGroup } from '../model/vrrp-instance.ts'
import { NO_VERDICTS, type Verdicts } from './verdict.ts'
import { weigh } from './weigh.ts'

const NOTHING: Tracking = { interfaces: [], scripts: [], files: [], processes: [], bfd: [] }
const instance = (track: Partial<Tracking>) => ({ name: 'VI_1', track: { ...NOTHING, ...track } }) as VrrpInstance
const group = (trackingWeight: boolean, track: Partial<Tracking> = {}) =>
  ({ name: 'VG', trackingWeight, track: { ...NOTHING, ...track } }) as VrrpSyncGroup
const tracked = (weight: number, reverse = false): Tracked => ({ name: 'x', weight, reverse })
const script = (up: boolean): Verdicts => ({ ...NO_VERDICTS, scripts: { x: up } })
const file = (value: number): Verdicts => ({ ...NO_VERDICTS, files: { x: value } })

describe('weigh()', () => {
  for (const [weight, reverse, up, faults, adjustment] of [
    [0, false, true, [], 0],
    [0, false, false, ['script x'], 0],
    [0, true, true, ['script x'], 0],
    [0, true, false, [], 0],
    [20, false, true, [], 20],
    [20, false, false, [], 0],
    [20, true, true, [], -20],
    [-20, false, true, [], 0],
    [-20, false, false, [], -20],
    [-20, true, false, [], 20],
  ] as const)
    test(`a script of weight ${weight}${reverse ? ' reverse' : ''} that is ${up ? 'up' : 'down'}`, () => {
      const weighed = weigh(instance({ scripts: [tracked(weight, reverse)] }), undefined, script(up), () => true)
      assert.deepEqual(weighed, { faults, adjustment, decided: true })
    })

  for (const [weight, value, faults, adjustment] of [
    [1, 5, [], 5],
    [-2, 5, [], -10],
    [1, 1000, [], 253],
    [1, -254, ['tracked file x has status -254'], 0],
    [0, 0, [], 0],
    [0, 1, ['tracked file x has status 1'], 0],
  ] as const)
    test(`a file of weight ${weight} with ${value} in it`, () => {
      const weighed = weigh(instance({ files: [tracked(weight)] }), undefined, file(value), () => true)
      assert.deepEqual(weighed, { faults, adjustment, decided: true })
    })

  test('what could be a fault and is not known yet leaves the instance undecided; a weight does not', () => {
    const decided = (weight: number) =>
      weigh(instance({ processes: [tracked(weight)] }), undefined, NO_VERDICTS, () => true).decided
    assert.deepEqual([decided(0), decided(10)], [false, true])
  })

  test('an interface that is tracked twice is one fault', () => {
    const both = instance({ interfaces: [tracked(0)] })
    const { faults } = weigh(both, group(false, { interfaces: [tracked(0)] }), NO_VERDICTS, () => false)
    assert.deepEqual(faults, ['interface x down'])
  })

  test('weights of a member count only with sync_group_tracking_weight, those of the group always', () => {
    const member = instance({ scripts: [tracked(20)] })
    const adjustment = (one: VrrpSyncGroup) => weigh(member, one, script(true), () => true).adjustment
    assert.equal(adjustment(group(false)), 0)
    assert.equal(adjustment(group(true)), 20)
    assert.equal(adjustment(group(false, { scripts: [tracked(7)] })), 7)
  })
})
