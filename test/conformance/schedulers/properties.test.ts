/** The data path, interpreted, chooses as the model does, whatever happens to the service. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SCHEDULERS, type Scheduler } from '../../../src/model/service.ts'
import { interpreted } from './interpreted.ts'
import { answersOfModel } from './model.ts'
import { replay } from './replay.ts'
import type { Scenario } from './scenario.ts'

const SERVERS = [11, 12, 13, 14, 15]
const FLAGS: Readonly<Partial<Record<Scheduler, readonly string[]>>> = {
  sh: ['', ' sh-port', ' sh-fallback', ' sh-port,sh-fallback'],
  mh: ['', ' mh-port', ' mh-fallback', ' mh-port,mh-fallback'],
}

for (const scheduler of SCHEDULERS) {
  test(`${scheduler} chooses as the model does, through any edits`, () => {
    fc.assert(
      fc.property(story(scheduler), scenario => {
        assert.deepEqual(replay(scenario, interpreted()), answersOfModel(scenario))
      }),
      { numRuns: 10 },
    )
  })
}

test('a service may change its scheduler at any time', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SCHEDULERS).chain(first => story(first, true)),
      scenario => {
        assert.deepEqual(replay(scenario, interpreted()), answersOfModel(scenario))
      },
    ),
    { numRuns: 20 },
  )
})

/** Random steps that make sense: servers are added when they are not there, and edited or removed when they are. */
function story(scheduler: Scheduler, changes = false): fc.Arbitrary<Scenario> {
  const weight = fc.oneof(fc.constantFrom(1, 2, 3, 4, 6), fc.integer({ min: 1, max: 200 }))
  const thresholds = fc.constantFrom('', '', '', ' 3 2', ' 6 0', ' 2 1')
  const deed = fc.oneof(
    fc.record({ verb: fc.constantFrom('add', 'remove'), id: fc.constantFrom(...SERVERS), weight, thresholds }),
    fc.record({
      verb: fc.constant('edit'),
      id: fc.constantFrom(...SERVERS),
      weight: fc.oneof(weight, fc.constant(0)),
      thresholds,
    }),
    fc.record({
      verb: fc.constantFrom('open', 'open', 'open', 'same', 'idle', 'close'),
      count: fc.integer({ min: 1, max: 8 }),
    }),
    fc.record({
      verb: fc.constant('scheduler'),
      name: changes ? fc.constantFrom(...SCHEDULERS) : fc.constant(scheduler),
      flags: fc.nat(3),
    }),
  )
  return fc.array(deed, { minLength: 4, maxLength: 25 }).map(deeds => {
    const there = new Set<number>()
    const steps = [`scheduler ${scheduler}`]
    for (const each of deeds) {
      if ('count' in each) steps.push(`${each.verb} ${each.count}`)
      else if ('name' in each) steps.push(`scheduler ${each.name}${FLAGS[each.name]?.[each.flags] ?? ''}`)
      else if (each.verb === 'remove') {
        if (there.delete(each.id)) steps.push(`remove ${each.id}`)
      } else if ((each.verb === 'edit') === there.has(each.id)) {
        there.add(each.id)
        steps.push(`${each.verb} ${each.id} ${each.weight}${each.thresholds}`)
      }
    }
    return { name: 'random', address: 100, port: 80, steps }
  })
}
