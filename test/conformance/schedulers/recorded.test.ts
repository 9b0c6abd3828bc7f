/** The data path, interpreted, and the model choose as the real ip_vs did (recorded.json; record.sh asks it again). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { NotDoneError } from '../../../src/model/virtual-service.ts'
import { interpreted } from './interpreted.ts'
import { answersOfModel } from './model.ts'
import { replay } from './replay.ts'
import type { Answers, Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'

const RECORDED: readonly (Scenario & { readonly answers: Answers })[] = JSON.parse(
  readFileSync(new URL('recorded.json', import.meta.url), 'utf8'),
)

test('every scenario has been recorded as it is', () => {
  assert.deepEqual(
    RECORDED.map(({ answers: _, ...scenario }) => scenario),
    SCENARIOS,
  )
})

for (const { answers, ...scenario } of RECORDED) {
  test(`${scenario.name}, as ip_vs`, t => {
    assert.deepEqual(answersOfModel(scenario), answers, 'the model')
    try {
      assert.deepEqual(replay(scenario, interpreted()), answers, 'the data path')
    } catch (error) {
      if (!(error instanceof NotDoneError)) throw error
      t.skip(error.message)
    }
  })
}
