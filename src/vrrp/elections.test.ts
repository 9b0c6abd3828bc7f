import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip } from '../bytes/address.ts'
import { after, instant } from '../model/time.ts'
import type { VrrpInstance, VrrpSyncGroup } from '../model/vrrp-instance.ts'
import {
  type Elections,
  type ElectionsStep,
  nextWake,
  openElections,
  reloadElections,
  stepElections,
} from './elections.ts'
import type { Event } from './event.ts'
import { INSTANCE } from './testdata/instance.ts'
import { heard, NOW, OUR_ADDRESS, START } from './testdata/states.ts'

const ONE: VrrpInstance = { ...INSTANCE, name: 'one', routerId: 1, interface: 'eth0' }
const TWO: VrrpInstance = { ...INSTANCE, name: 'two', routerId: 2, interface: 'eth1', priority: 90 }
const GROUP: VrrpSyncGroup = {
  name: 'G',
  instances: ['one', 'two'],
  track: INSTANCE.track,
  notify: INSTANCE.notify,
  trackingWeight: false,
}

/** All of the events, one after another, at the same moment. */
function play(elections: Elections, events: readonly (readonly [string, Event])[], now = NOW): ElectionsStep {
  let stepped: ElectionsStep = { elections, effects: [] }
  for (const [name, event] of events) {
    const next = stepElections(stepped.elections, name, event, now)
    stepped = { elections: next.elections, effects: [...stepped.effects, ...next.effects] }
  }
  return stepped
}

function names({ states }: Elections): readonly string[] {
  return [...states.values()].map(({ name }) => name)
}

function activeGroup(): Elections {
  const started = play(openElections([ONE, TWO], [GROUP]), [
    ['one', START],
    ['two', START],
  ]).elections
  const later = after(NOW, 5000)
  const { elections } = play(
    started,
    [
      ['one', { type: 'wake' }],
      ['two', { type: 'wake' }],
    ],
    later,
  )
  assert.deepEqual(names(elections), ['active', 'active'])
  return elections
}

test('nextWake() is the earliest of all', () => {
  const { elections } = play(openElections([ONE, TWO], []), [
    ['one', START],
    ['two', START],
  ])
  assert.deepEqual(nextWake(elections), { instance: 'one', at: instant(NOW + 3000 + (156 * 1000) / 256) })
  assert.equal(nextWake(openElections([ONE], [])), undefined)
})

test('stepElections() knows its instances', () => {
  assert.throws(() => stepElections(openElections([ONE], []), 'two', START, NOW), RangeError)
})

test('a group is active when all members are ready, and not before', () => {
  const started = play(openElections([ONE, TWO], [GROUP]), [
    ['one', START],
    ['two', START],
  ]).elections
  const later = after(NOW, 5000)
  const first = stepElections(started, 'one', { type: 'wake' }, later)
  assert.deepEqual(names(first.elections), ['backup', 'backup'])
  assert.equal(nextWake(first.elections)?.instance, 'two')
  const second = stepElections(first.elections, 'two', { type: 'wake' }, later)
  assert.deepEqual(names(second.elections), ['active', 'active'])
  assert.deepEqual(
    second.effects.flatMap(({ effect }) => (effect.type === 'notify' ? [`${effect.about} ${effect.name}`] : [])),
    ['INSTANCE two', 'INSTANCE one', 'GROUP G'],
  )
})

test('a member that is ready is not any more when it hears a better router', () => {
  const started = play(openElections([ONE, TWO], [GROUP]), [
    ['one', START],
    ['two', START],
  ]).elections
  const later = after(NOW, 5000)
  const { elections } = play(
    started,
    [
      ['one', { type: 'wake' }],
      ['one', heard({ priority: 200 })],
      ['two', { type: 'wake' }],
    ],
    later,
  )
  assert.deepEqual(names(elections), ['backup', 'backup'])
})

test('a better router for one member takes all', () => {
  const { elections, effects } = stepElections(activeGroup(), 'two', heard({ priority: 200 }), after(NOW, 6000))
  assert.deepEqual(names(elections), ['backup', 'backup'])
  const lines = effects.flatMap(({ effect }) => (effect.type === 'log' && !effect.detail ? [effect.text] : []))
  assert.deepEqual(lines, [
    '(two) Master received advert from 10.0.0.9 with higher priority 200, ours 90',
    '(two) Entering BACKUP STATE',
    'VRRP_Group(G) Syncing instances to BACKUP state',
    '(one) Entering BACKUP STATE',
  ])
})

test('a worse router for one member makes all announce again', () => {
  const { elections, effects } = stepElections(activeGroup(), 'two', heard({ priority: 1 }), after(NOW, 6000))
  assert.deepEqual(names(elections), ['active', 'active'])
  const announced = effects.flatMap(({ instance, effect }) => (effect.type === 'announce' ? [instance.name] : []))
  assert.deepEqual(announced, ['two', 'one'])
})

test('a fault of one is the fault of all, until it is mended', () => {
  const down = stepElections(activeGroup(), 'one', { type: 'link', up: false }, after(NOW, 6000))
  assert.deepEqual(names(down.elections), ['fault', 'fault'])
  const also = stepElections(down.elections, 'two', { type: 'address', address: undefined }, after(NOW, 6000))
  const half = stepElections(also.elections, 'one', { type: 'link', up: true }, after(NOW, 6000))
  assert.deepEqual(names(half.elections), ['fault', 'fault'])
  const whole = stepElections(half.elections, 'two', { type: 'address', address: OUR_ADDRESS }, after(NOW, 6000))
  assert.deepEqual(names(whole.elections), ['backup', 'backup'])
})

test('owners in a group are active as soon as all are there', () => {
  const owners = [ONE, TWO].map(instance => ({ ...instance, priority: 255, initialState: 'master' as const }))
  const first = stepElections(openElections(owners, [GROUP]), 'one', START, NOW)
  assert.deepEqual(names(first.elections), ['backup', 'initialize'])
  const second = stepElections(first.elections, 'two', START, NOW)
  assert.deepEqual(names(second.elections), ['active', 'active'])
  const down = stepElections(second.elections, 'two', { type: 'link', up: false }, NOW)
  const up = stepElections(down.elections, 'two', { type: 'link', up: true }, NOW)
  assert.deepEqual(names(up.elections), ['active', 'active'])
})

test('a reload stops what is gone and leaves the rest alone', () => {
  const before = play(openElections([ONE, TWO], []), [
    ['one', START],
    ['two', START],
    ['two', { type: 'wake' }],
  ])
  const running = play(
    before.elections,
    [
      ['one', { type: 'wake' }],
      ['two', { type: 'wake' }],
    ],
    after(NOW, 5000),
  ).elections
  const three = { ...INSTANCE, name: 'three', routerId: 3 }
  const { elections, effects } = reloadElections(running, [ONE, three], [], after(NOW, 5500))
  assert.deepEqual([...elections.states.keys()], ['one', 'three'])
  assert.deepEqual(names(elections), ['active', 'initialize'])
  assert.deepEqual(elections.states.get('one'), running.states.get('one'))
  const advertised = effects.flatMap(({ instance, effect }) =>
    effect.type === 'advertise' ? [`${instance.name} ${effect.priority}`] : [],
  )
  assert.deepEqual(advertised, ['two 0'])
  const notified = effects.flatMap(({ effect }) => (effect.type === 'notify' ? [`${effect.name} ${effect.state}`] : []))
  assert.deepEqual(notified, ['two DELETED'])
})

test('a reload may put active instances into a group', () => {
  const source = { ...ONE, sourceAddress: ip('10.0.0.7') }
  const { elections } = reloadElections(activeGroup(), [source, TWO], [{ ...GROUP, name: 'H' }], after(NOW, 5500))
  assert.deepEqual(names(elections), ['active', 'active'])
  assert.deepEqual(
    elections.groups.map(({ name }) => name),
    ['H'],
  )
})
